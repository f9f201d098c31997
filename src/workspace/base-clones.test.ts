import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git, openWorkspaceStage, write } from '../../test/support/workspace-stage.ts'
import type { WorkspaceSource, Workspaces } from './index.ts'

const { signal } = new AbortController()
const WEEK_MS = 7 * 24 * 60 * 60 * 1000

const content = async (workspaces: Workspaces, source?: WorkspaceSource, by = signal): Promise<string> => {
  await using workspace = await workspaces.open({ signal: by, ...(source === undefined ? {} : { source }) })
  return await readFile(join(workspace.directory, 'a.txt'), 'utf8')
}

const failure = async (workspaces: Workspaces, source?: WorkspaceSource): Promise<unknown> => {
  try {
    await content(workspaces, source)
  } catch (error) {
    return error
  }
  return undefined
}

test('[WS1] each repository and branch has a base clone of its own, with that branch alone and no tags', async () => {
  await using stage = await openWorkspaceStage()
  git(stage.repository, 'tag', 'v1')
  git(stage.repository, 'checkout', '-qb', 'feature/ж')
  await stage.commit({ 'a.txt': 'side\n' })
  git(stage.repository, 'checkout', '-q', 'main')
  const { repository } = stage
  expect(await content(stage.workspaces)).toBe('one\n')
  expect(await content(stage.workspaces, { repository, branch: 'feature/ж' })).toBe('side\n')
  expect(await content(stage.workspaces, { repository, branch: 'main' })).toBe('one\n')
  const base = join(stage.root, 'base')
  const refs = (await readdir(base)).map((name) => git(join(base, name), 'for-each-ref', '--format=%(refname)'))
  expect(refs.toSorted()).toEqual(['refs/heads/feature/ж', 'refs/heads/main', 'refs/heads/main'])
  await using workspace = await stage.workspaces.open({ signal, source: { repository, branch: 'feature/ж' } })
  expect(git(workspace.directory, 'branch', '--show-current')).toBe('feature/ж')
  expect(git(workspace.directory, 'fsck', '--strict')).toBe('')
  expect(git(workspace.directory, 'status', '--porcelain')).toBe('')
})

test('[WS1] a base clone is fetched once for all that come within 15 s, and follows a history written anew', async () => {
  await using stage = await openWorkspaceStage()
  expect(await Promise.all(Array.from({ length: 4 }, () => content(stage.workspaces)))).toEqual(
    Array.from({ length: 4 }, () => 'one\n'),
  )
  await write(stage.repository, { 'a.txt': 'new\n' })
  git(stage.repository, 'commit', '-qa', '--amend', '-m', 'anew')
  expect(await content(stage.workspaces)).toBe('one\n')
  await stage.clock.advance(15_000)
  expect(await content(stage.workspaces)).toBe('new\n')
})

test.each<[string, (repository: string) => void]>([
  ['a history written anew', (at) => git(at, 'commit', '-q', '--amend', '--allow-empty', '-m', 'anew', '-a')],
  [
    'another default branch',
    (at) => (git(at, 'checkout', '-q', '--orphan', 'trunk'), git(at, 'commit', '-qam', 'anew')),
  ],
  [
    'a branch taken back',
    (at) => (git(at, 'reset', '-q', '--hard', 'HEAD~1'), git(at, 'commit', '-q', '--allow-empty', '-m', 'anew')),
  ],
])(
  '[WS1] what the repository does not hold any more is in no new workspace, also after a restart: %s',
  async (_, rewrite) => {
    await using stage = await openWorkspaceStage()
    const removed = await stage.commit({ 'secret.txt': 'SECRET' })
    await content(stage.workspaces)
    await rm(join(stage.repository, 'secret.txt'))
    git(stage.repository, 'rm', '-q', '--cached', 'secret.txt')
    rewrite(stage.repository)
    await stage.clock.advance(15_000)
    for (const workspaces of [stage.workspaces, await stage.reopen()]) {
      await using workspace = await workspaces.open({ signal })
      const all = git(workspace.directory, 'cat-file', '--batch-all-objects', '--batch-check')
      expect(all).not.toContain(removed)
      expect(all).toContain(git(stage.repository, 'rev-parse', 'HEAD'))
      expect(git(workspace.directory, 'fsck', '--strict', '--unreachable')).toBe('')
      expect(git(workspace.directory, 'status', '--porcelain')).toBe('')
      await write(workspace.directory, { 'a.txt': 'mine\n' })
      expect(Buffer.from((await workspace.changes({ signal })).patch ?? []).toString()).toContain('+mine')
      // What comes later is only added.
      await stage.commit({ 'b.txt': `${removed} ${stage.clock.nowMs()}` })
      await stage.clock.advance(15_000)
    }
  },
)

test('[WS1] the work of a run is told although its repository was written anew meanwhile', async () => {
  await using stage = await openWorkspaceStage()
  await using workspace = await stage.workspaces.open({ signal })
  git(stage.repository, 'commit', '-q', '--amend', '-m', 'anew')
  await stage.clock.advance(15_000)
  expect(await content(stage.workspaces)).toBe('one\n')
  await write(workspace.directory, { 'a.txt': 'mine\n' })
  expect(Buffer.from((await workspace.changes({ signal })).patch ?? []).toString()).toContain('-one\n+mine')
})

/** An ssh that serves the repository, once the file `go` is there. */
async function slowServer(directory: string, repository: string) {
  const go = join(directory, 'go')
  const asked = join(directory, 'asked')
  const script = join(directory, 'ssh')
  await writeFile(
    script,
    `#!/bin/sh\necho x >> ${asked}\nwhile [ ! -e ${go} ]; do sleep 0.02; done\nexec git upload-pack ${repository}\n`,
    { mode: 0o755 },
  )
  return { env: { GIT_SSH_COMMAND: script }, go, asked }
}

test('[WS1] whoever comes while a fetch is under way waits for it, and may leave', async () => {
  await using stage = await openWorkspaceStage()
  const { env, go, asked } = await slowServer(stage.directory, stage.repository)
  await writeFile(go, '')
  const workspaces = await stage.reopen({ env, repository: 'ssh://nowhere.invalid/x', branch: 'main' })
  await using held = await workspaces.open({ signal })
  execFileSync('rm', [go, asked])
  await stage.commit({ 'a.txt': 'two\n' })
  await stage.clock.advance(15_000)
  const waiting = content(workspaces)
  await expect.poll(() => existsSync(asked)).toBe(true)
  const leaver = new AbortController()
  const reason = new Error('gone')
  const left = content(workspaces, undefined, leaver.signal)
  leaver.abort(reason)
  await expect(left).rejects.toBe(reason)
  // The work of a run is told meanwhile.
  await write(held.directory, { 'a.txt': 'mine\n' })
  expect(Buffer.from((await held.changes({ signal })).patch ?? []).toString()).toContain('-one\n+mine\n')
  await writeFile(go, '')
  expect(await waiting).toBe('two\n')
  expect(Buffer.from((await held.changes({ signal })).patch ?? []).toString()).toContain('-one\n+mine\n')
  await workspaces.close()
})

test('[WS1] a fetch that was killed leaves nothing that a later one stumbles over', async () => {
  await using stage = await openWorkspaceStage()
  expect(await content(stage.workspaces)).toBe('one\n')
  const base = join(stage.root, 'base')
  const [name = ''] = await readdir(base)
  await write(join(base, name), { 'refs/heads/main.lock': '', 'HEAD.lock': '', 'objects/pack/tmp_pack_x': 'half' })
  await stage.commit({ 'a.txt': 'two\n' })
  const next = await stage.reopen()
  expect(await content(next)).toBe('two\n')
  expect(existsSync(join(base, name, 'objects/pack/tmp_pack_x'))).toBe(false)
})

test('[WS1] what has not been used for 7 days is removed at the next start', async () => {
  await using stage = await openWorkspaceStage()
  await content(stage.workspaces)
  const old = join(stage.root, 'base', 'old')
  await mkdir(old)
  const atSeconds = (stage.clock.nowMs() - WEEK_MS) / 1000
  await utimes(old, atSeconds, atSeconds - 1)
  await stage.reopen()
  expect(await readdir(join(stage.root, 'base'))).toHaveLength(1)
  expect(existsSync(old)).toBe(false)
})

test.each<[string, string | undefined]>([
  ['with a branch', 'main'],
  ['without one', undefined],
])('[WS3] a repository that is not there cannot be reached, and nothing of it is told: %s', async (_, branch) => {
  await using stage = await openWorkspaceStage()
  const source = { repository: `https://me:s3cret@127.0.0.1:1/gone.git`, branch }
  expect(await failure(stage.workspaces, source)).toMatchObject({
    code: 'workspace_failed',
    message: 'The repository cannot be reached, or does not exist.',
    details: { words: expect.not.stringContaining('s3cret') },
  })
  const path = { repository: join(stage.directory, 'none'), branch }
  expect(await failure(stage.workspaces, path)).toMatchObject({
    code: 'workspace_failed',
    message: 'The repository cannot be reached, or does not exist.',
  })
  expect(await readdir(stage.root)).toEqual(['base'])
  expect(await readdir(join(stage.root, 'base'))).toEqual([])
})

test.each<[string, string | undefined]>([
  ['with a branch', 'main'],
  ['without one', undefined],
])('[WS3] a repository without a commit is told so: %s', async (_, branch) => {
  await using stage = await openWorkspaceStage()
  const empty = join(stage.directory, 'empty')
  execFileSync('git', ['init', '-q', '--bare', empty])
  expect(await failure(stage.workspaces, { repository: empty, branch })).toMatchObject({
    code: 'workspace_failed',
    message: 'The repository has no commit on its default branch yet.',
  })
})

test.each([['none'], ['mai'], ['ma*'], ['x\n[core]\n\tsshCommand = touch /tmp/x'], ['--upload-pack=x']])(
  '[WS3] the branch %j does not exist, also where there was one',
  async (branch) => {
    await using stage = await openWorkspaceStage()
    expect(await failure(stage.workspaces, { repository: stage.repository, branch })).toMatchObject({
      code: 'workspace_unusable',
      message: `The branch \`${branch}\` does not exist in the repository.`,
    })
    git(stage.repository, 'branch', 'side')
    const source = { repository: stage.repository, branch: 'side' }
    expect(await content(stage.workspaces, source)).toBe('one\n')
    git(stage.repository, 'branch', '-D', 'side')
    await stage.clock.advance(15_000)
    expect(await failure(stage.workspaces, source)).toMatchObject({ code: 'workspace_unusable' })
    git(stage.repository, 'branch', 'side')
    await stage.clock.advance(15_000)
    expect(await content(stage.workspaces, source)).toBe('one\n')
  },
)

test('[WS3] a HEAD that is no branch is cloned as main', async () => {
  await using stage = await openWorkspaceStage()
  git(stage.repository, 'checkout', '-q', '--detach')
  git(stage.repository, 'branch', '-m', 'main', 'other')
  await using workspace = await stage.workspaces.open({ signal })
  expect(git(workspace.directory, 'branch', '--show-current')).toBe('main')
})

test('[WS3] a default branch whose name stood in the way of the new one is followed', async () => {
  await using stage = await openWorkspaceStage()
  await content(stage.workspaces)
  git(stage.repository, 'branch', '-m', 'main', 'x')
  git(stage.repository, 'branch', '-m', 'x', 'main/next')
  await stage.clock.advance(15_000)
  await using workspace = await stage.workspaces.open({ signal })
  expect(git(workspace.directory, 'branch', '--show-current')).toBe('main/next')
})

test('[WS3] a repository with submodules is refused', async () => {
  await using stage = await openWorkspaceStage()
  const head = git(stage.repository, 'rev-parse', 'HEAD')
  git(stage.repository, 'update-index', '--add', '--cacheinfo', `160000,${head},sub/module`)
  git(stage.repository, 'commit', '-qm', 'a submodule')
  expect(await failure(stage.workspaces)).toMatchObject({
    code: 'workspace_unusable',
    message: 'The repository has submodules, which workspaces do not support.',
  })
  // Once it has none any more, it is taken.
  git(stage.repository, 'rm', '-q', '--cached', 'sub/module')
  git(stage.repository, 'commit', '-qm', 'without')
  await stage.clock.advance(15_000)
  expect(await content(stage.workspaces)).toBe('one\n')
})

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`

test('[WS3] a repository with files in Git LFS is refused; one that has only the attributes, or only a text like that, is not', async () => {
  await using stage = await openWorkspaceStage({
    files: {
      'd/.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
      'd/not.txt': POINTER,
      'd/real.bin': 'bytes',
    },
  })
  expect(await content(stage.workspaces)).toBe('one\n')
  await stage.commit({ 'd/großes файл.bin': POINTER })
  await stage.clock.advance(15_000)
  expect(await failure(stage.workspaces)).toMatchObject({
    code: 'workspace_unusable',
    message: 'The repository keeps files in Git LFS, which workspaces do not support.',
  })
})

const TOO_LARGE = {
  code: 'workspace_unusable',
  message: 'The repository is larger than VIVAVOCE_WORKSPACE_MAX_MB allows.',
}
const noise = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))

test('[WS4] a repository that is larger than it may be, in its history or in its files, is refused', async () => {
  await using stage = await openWorkspaceStage({ maxBytes: 1_000_000 })
  expect(await content(stage.workspaces)).toBe('one\n')
  const { repository } = stage
  await stage.commit({ zeros: new Uint8Array(1_200_000) })
  await stage.clock.advance(15_000)
  expect(await failure(stage.workspaces)).toMatchObject(TOO_LARGE)
  for (let count = 0; count < 20; count++) await stage.commit({ zeros: '', noise: noise(60_000) })
  const source = { repository, branch: 'main' }
  expect(await failure(stage.workspaces, source)).toMatchObject(TOO_LARGE)
  expect((await readdir(stage.root)).filter((name) => name.startsWith('run-'))).toEqual([])
})

test('[WS4] a clone that grows larger than it may be is ended', async () => {
  await using stage = await openWorkspaceStage()
  const script = join(stage.directory, 'ssh')
  const pidFile = join(stage.directory, 'pid')
  // Writes to where git clones to, as one that receives much does, and never comes to an end.
  await writeFile(script, `#!/bin/sh\nhead -c 2000000 /dev/zero > received\necho $$ > ${pidFile}\nexec sleep 600\n`, {
    mode: 0o755,
  })
  const workspaces = await stage.reopen({
    maxBytes: 1_000_000,
    env: { GIT_SSH_COMMAND: script },
    repository: 'ssh://nowhere.invalid/x',
    branch: 'main',
  })
  const opening = failure(workspaces)
  await expect.poll(() => existsSync(pidFile)).toBe(true)
  await stage.clock.advance(500)
  expect(await opening).toMatchObject(TOO_LARGE)
  expect(await readdir(stage.root)).toEqual(['base'])
  expect(await readdir(join(stage.root, 'base'))).toEqual([])
  await workspaces.close()
})
