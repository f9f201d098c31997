import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git, openWorkspaceStage, write, type StageOptions } from '../../test/support/workspace-stage.ts'
import type { Workspace } from './index.ts'

const { signal } = new AbortController()

async function open(options: StageOptions = {}) {
  const stage = await openWorkspaceStage(options)
  const workspace = await stage.workspaces.open({ signal })
  return {
    stage,
    workspace,
    directory: workspace.directory,
    async [Symbol.asyncDispose]() {
      await workspace[Symbol.asyncDispose]()
      await stage[Symbol.asyncDispose]()
    },
  }
}

const makePipes = (...paths: readonly string[]): void => void execFileSync('sh', ['-c', 'mkfifo "$@"', 'sh', ...paths])

const patchOf = async (workspace: Workspace): Promise<string> =>
  Buffer.from((await workspace.changes({ signal })).patch ?? 'none').toString('latin1')

/** What `git ls-tree` says of a checkout of the repository to which the patch was applied. */
async function applied(stage: { readonly directory: string; readonly repository: string }, patch: Uint8Array) {
  const copy = join(stage.directory, 'copy')
  const file = join(stage.directory, 'patch')
  await rm(copy, { recursive: true, force: true })
  git(stage.directory, 'clone', '-q', stage.repository, copy)
  await writeFile(file, patch)
  if (patch.length > 0) git(copy, 'apply', '--index', file)
  return copy
}

test('[WS6] a run that changes nothing has an empty patch and no commits', async () => {
  await using at = await open()
  expect(await at.workspace.changes({ signal })).toEqual({ patch: Buffer.alloc(0), commits: [] })
  expect(await at.workspace.changes({ signal })).toEqual({ patch: Buffer.alloc(0), commits: [] })
})

test('[WS6] the patch makes of a checkout what the run has made of it: added, changed, removed, moved, bytes, links, modes', async () => {
  await using at = await open({
    files: { 'gone.txt': 'x', 'old name.txt': 'moved\n'.repeat(50), 'run.sh': 'echo', 'd/e': 'e', f: 'f' },
  })
  const bytes = Uint8Array.from({ length: 3000 }, (_, index) => (index * 31) % 256)
  await write(at.directory, {
    'a.txt': 'two\n',
    'нов файл 🙂/"b"\n.txt': 'good day',
    'bytes.bin': bytes,
    'latin.txt': Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]),
    empty: '',
  })
  await rm(join(at.directory, 'gone.txt'))
  await rename(join(at.directory, 'old name.txt'), join(at.directory, 'new name.txt'))
  await chmod(join(at.directory, 'run.sh'), 0o755)
  await symlink('/etc/hostname', join(at.directory, 'link'))
  // A directory becomes a file, and a file a directory.
  await rm(join(at.directory, 'd'), { recursive: true })
  await rm(join(at.directory, 'f'))
  await write(at.directory, { d: 'file', 'f/g': 'g' })
  const { patch = Buffer.alloc(0), commits } = await at.workspace.changes({ signal })
  expect(commits).toEqual([])
  const copy = await applied(at.stage, patch)
  git(at.directory, 'add', '-A')
  expect(git(copy, 'write-tree')).toBe(git(at.directory, 'write-tree'))
  expect(git(copy, 'ls-files', '-s', 'run.sh')).toMatch(/^100755/)
  expect(Buffer.from(patch).toString()).toContain('rename from old name.txt')
})

test('[WS6] commits are told, oldest first, and their work is in the patch with what is not committed', async () => {
  await using at = await open()
  await write(at.directory, { 'b.txt': 'b\n' })
  git(at.directory, 'add', '-A')
  git(at.directory, 'commit', '-qm', 'първи 🙂\n\nbody')
  git(at.directory, 'checkout', '-qb', 'topic')
  await write(at.directory, { 'c.txt': 'c\n' })
  git(at.directory, 'add', '-A')
  git(at.directory, 'commit', '-qm', 'second')
  git(at.directory, 'pack-refs', '--all')
  git(at.directory, 'gc', '-q')
  await write(at.directory, { 'd.txt': 'd\n' })
  const { patch = Buffer.alloc(0), commits } = await at.workspace.changes({ signal })
  expect(commits).toEqual([
    {
      id: git(at.directory, 'rev-parse', 'HEAD~'),
      subject: 'първи 🙂',
      author: 'Тест <t@example.com>',
      atMs: Number(git(at.directory, 'log', '-1', '--format=%ct', 'HEAD~')) * 1000,
    },
    expect.objectContaining({ id: git(at.directory, 'rev-parse', 'HEAD'), subject: 'second' }),
  ])
  const copy = await applied(at.stage, patch)
  expect(git(copy, 'ls-files').split('\n')).toEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt'])
})

test('[WS6] a history that was written anew is told as it is', async () => {
  await using at = await open()
  git(at.directory, 'commit', '-q', '--amend', '--allow-empty', '-m', 'another first one')
  git(at.directory, 'checkout', '-q', '--detach')
  const { commits, patch } = await at.workspace.changes({ signal })
  expect(commits.map(({ subject }) => subject)).toEqual(['another first one'])
  expect(patch).toEqual(Buffer.alloc(0))
})

test('[WS6] ignored files are left out, but for what was committed', async () => {
  await using at = await open({ files: { '.gitignore': '*.log\n/build/\n' } })
  await write(at.directory, { 'x.log': 'noise', 'build/out': 'x', 'kept.log': 'wanted\n', 'new.txt': 'n\n' })
  git(at.directory, 'add', '-f', 'kept.log')
  git(at.directory, 'commit', '-qm', 'keeps a log')
  const text = await patchOf(at.workspace)
  expect([...text.matchAll(/^diff --git a\/(\S+)/gm)].map(([, name]) => name)).toEqual(['kept.log', 'new.txt'])
})

test('[WS6] without a repository everything is new', async () => {
  await using at = await open({ repository: undefined })
  await write(at.directory, { 'a.txt': 'new\n' })
  execFileSync('git', ['init', '-q', at.directory])
  git(at.directory, 'add', '-A')
  git(at.directory, 'commit', '-qm', 'first')
  await write(at.directory, { 'b.txt': 'new too\n' })
  const { patch, commits } = await at.workspace.changes({ signal })
  expect(commits.map(({ subject }) => subject)).toEqual(['first'])
  expect(Buffer.from(patch ?? []).toString()).toMatch(/a\.txt[^]*\+new\n[^]*b\.txt[^]*\+new too\n/)
  await expect(at.workspace.push({ branch: 'x', message: 'x', signal })).rejects.toMatchObject({
    code: 'workspace_unusable',
    message: 'There is no repository to push to.',
  })
})

test('[WS6] files in repositories within the workspace are told as files', async () => {
  await using at = await open({ files: { 'src/x': 'x' } })
  for (const name of ['dep', 'dep/inner', 'empty', 'src']) {
    await mkdir(join(at.directory, name), { recursive: true })
    execFileSync('git', ['init', '-q', join(at.directory, name)])
  }
  await write(at.directory, { 'dep/one': '1', 'dep/inner/two': '2', 'src/y': 'y' })
  git(join(at.directory, 'dep'), 'add', 'one')
  git(join(at.directory, 'dep'), 'commit', '-qm', 'inner')
  const { patch = Buffer.alloc(0) } = await at.workspace.changes({ signal })
  expect(git(await applied(at.stage, patch), 'ls-files').split('\n')).toEqual([
    'a.txt',
    'dep/inner/two',
    'dep/one',
    'src/x',
    'src/y',
  ])
})

test('[WS6] line ends are those of the repository where its attributes say so', async () => {
  await using at = await open({ files: { '.gitattributes': '*.bat text eol=crlf\n', 'x.bat': 'one\r\ntwo\r\n' } })
  await write(at.directory, { 'x.bat': 'one\r\ntwo\r\nthree\r\n' })
  const text = await patchOf(at.workspace)
  expect(text).toContain('\n+three\n')
  expect(text).not.toContain('-one')
})

test('[WS6] what comes after is told the next time, also the way back', async () => {
  await using at = await open()
  await write(at.directory, { 'b.txt': 'b\n', 'a.txt': 'tw0\n' })
  expect(await patchOf(at.workspace)).toMatch(/tw0[^]*b\.txt/)
  await rm(join(at.directory, 'b.txt'))
  await write(at.directory, { 'a.txt': 'one\n' })
  const [first, second] = await Promise.all([patchOf(at.workspace), patchOf(at.workspace)])
  expect([first, second]).toEqual(['', ''])
})

test('[WS8] a patch that would be larger than 16 MiB is absent, and the commits are told all the same', async () => {
  await using at = await open()
  git(at.directory, 'commit', '-q', '--allow-empty', '-m', 'made')
  await write(at.directory, { 'big.txt': '0123456789abcde\n'.repeat(1024 * 1024) })
  const { patch, commits } = await at.workspace.changes({ signal })
  expect([patch, commits.length]).toEqual([undefined, 1])
  await rm(join(at.directory, 'big.txt'))
  expect((await at.workspace.changes({ signal })).patch).toEqual(Buffer.alloc(0))
})

test('[WS8] one file that is out of all proportion is not looked at', async () => {
  await using at = await open()
  await writeFile(join(at.directory, 'holes'), '')
  await truncate(join(at.directory, 'holes'), 161 * 1024 * 1024)
  expect((await at.workspace.changes({ signal })).patch).toBeUndefined()
})

test.each<[string, (git: string) => Promise<void>]>([
  ['gone', (at) => rm(at, { recursive: true })],
  ['a file', async (at) => (await rm(at, { recursive: true }), await writeFile(at, 'gitdir: /etc\n'))],
  ['without objects', (at) => rm(join(at, 'objects'), { recursive: true })],
  ['without HEAD', (at) => rm(join(at, 'HEAD'))],
  ['with a pipe for HEAD', async (at) => (await rm(join(at, 'HEAD')), makePipes(join(at, 'HEAD')))],
  ['of garbage', async (at) => write(at, { HEAD: '\0\xff', config: '[[[', index: 'x', 'packed-refs': '🙂' })],
  ['with a HEAD that leads out', (at) => writeFile(join(at, 'HEAD'), 'ref: refs/heads/../../../../x\n')],
  ['with a HEAD that is nowhere', (at) => writeFile(join(at, 'HEAD'), `${'1'.repeat(40)}\n`)],
])('[WS8] the files are told also where the repository of the run is %s', async (_, damage) => {
  await using at = await open()
  await write(at.directory, { 'b.txt': 'b\n' })
  await damage(join(at.directory, '.git'))
  const { patch, commits } = await at.workspace.changes({ signal })
  expect(commits).toEqual([])
  expect(Buffer.from(patch ?? []).toString()).toMatch(/^diff --git a\/b\.txt b\/b\.txt\nnew file[^]*\+b\n$/)
})

test('[WS8] a pipe, a socket, a directory or attributes that cannot be followed do not stand in the way', async () => {
  await using at = await open({ files: { 'p.txt': 'p', 'q.txt': 'q' } })
  await rm(join(at.directory, 'p.txt'))
  await rm(join(at.directory, 'q.txt'))
  await mkdir(join(at.directory, 'q.txt'))
  makePipes(join(at.directory, 'p.txt'), join(at.directory, 'pipe'))
  await write(at.directory, {
    '.gitattributes': '*.u text working-tree-encoding=UTF-16\n',
    'x.u': 'odd',
    'b.txt': 'b\n',
  })
  const text = await patchOf(at.workspace)
  expect([...text.matchAll(/^diff --git a\/(\S+)/gm)].map(([, name]) => name)).toEqual([
    '.gitattributes',
    'b.txt',
    'p.txt',
    'q.txt',
    'x.u',
  ])
})

test('[WS8] a file that the run has made unreadable is told', async () => {
  await using at = await open()
  await write(at.directory, { 'b.sh': 'b\n' })
  await chmod(join(at.directory, 'b.sh'), 0o111)
  expect(await patchOf(at.workspace)).toMatch(/new file mode 100755[^]*\+b\n/)
  expect((await stat(join(at.directory, 'b.sh'))).mode & 0o777).toBe(0o511)
})

test('[WS8] a workspace that the run has removed, or put a link in the place of, is workspace_unusable', async () => {
  await using at = await open()
  await rm(at.directory, { recursive: true })
  await expect(at.workspace.changes({ signal })).rejects.toMatchObject({ code: 'workspace_unusable' })
  await symlink(at.stage.repository, at.directory)
  await expect(at.workspace.changes({ signal })).rejects.toMatchObject({ code: 'workspace_unusable' })
  await at.workspace[Symbol.asyncDispose]()
  expect(await readFile(join(at.stage.repository, 'a.txt'), 'utf8')).toBe('one\n')
})

test('[CA1] who leaves is not told, and the next one is', async () => {
  await using at = await open()
  await write(at.directory, { 'b.txt': 'b\n' })
  const leaver = new AbortController()
  const reason = new Error('gone')
  const left = at.workspace.changes({ signal: leaver.signal })
  setImmediate(() => leaver.abort(reason))
  await expect(left).rejects.toBe(reason)
  expect(await patchOf(at.workspace)).toContain('b.txt')
})
