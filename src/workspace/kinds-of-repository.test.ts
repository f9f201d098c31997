import { execFileSync } from 'node:child_process'
import { chown, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git, openWorkspaceStage, write, type WorkspaceStage } from '../../test/support/workspace-stage.ts'
import { GatewayError } from '../core/index.ts'
import type { Workspaces } from './index.ts'

const { signal } = new AbortController()

/** A clone of the stage's repository that has its newest commits alone. */
function shallowCloneOf({ directory, repository }: WorkspaceStage, depth = 1): string {
  const at = join(directory, 'shallow')
  execFileSync('git', ['clone', '-q', `--depth=${depth}`, '--no-single-branch', `file://${repository}`, at])
  return at
}

const historyOf = (at: string): readonly string[] => git(at, 'log', '--format=%s').split('\n')

async function refusalOf(workspaces: Workspaces, source: { repository: string; branch: string | undefined }) {
  try {
    await using _workspace = await workspaces.open({ signal, source })
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('the repository was taken')
}

test.each([undefined, 'main', 'side/ж'])(
  '[WS10] a shallow clone is the source of a workspace (branch %j)',
  async (branch) => {
    await using stage = await openWorkspaceStage()
    await stage.commit({ 'a.txt': 'two\n' })
    git(stage.repository, 'branch', 'side/ж')
    const repository = shallowCloneOf(stage)
    if (branch === 'side/ж') git(repository, 'branch', branch)
    await using workspace = await stage.workspaces.open({ signal, source: { repository, branch } })
    expect(await readFile(join(workspace.directory, 'a.txt'), 'utf8')).toBe('two\n')
    expect(historyOf(workspace.directory)).toEqual(['more'])
    expect(git(workspace.directory, 'fsck', '--strict')).toBe('')
    expect(git(workspace.directory, 'status', '--porcelain')).toBe('')
  },
)

test('[WS10] [WS6] [WS9] what a run changed in a workspace of a shallow clone is reported, and pushed to it', async () => {
  await using stage = await openWorkspaceStage({ pushBranches: ['work/*'] })
  await stage.commit({ 'a.txt': 'two\n' })
  const repository = shallowCloneOf(stage)
  await using workspace = await stage.workspaces.open({ signal, source: { repository, branch: undefined } })
  await write(workspace.directory, { 'a.txt': 'three\n' })
  git(workspace.directory, 'commit', '-qam', 'Промяна')
  await write(workspace.directory, { 'b.txt': 'new\n' })
  const { patch, commits } = await workspace.changes({ signal })
  expect(commits.map(({ subject }) => subject)).toEqual(['Промяна'])
  expect(Buffer.from(patch ?? []).toString()).toMatch(/-two\n\+three\n[^]*\+new\n/)
  const pushed = await workspace.push({ branch: 'work/1', message: 'Остатък', signal })
  expect(git(repository, 'log', '--format=%s', 'work/1').split('\n')).toEqual(['Остатък', 'Промяна', 'more'])
  expect(git(repository, 'rev-parse', 'work/1')).toBe(pushed.commit)
})

test('[WS10] [WS1] a shallow clone is followed as it moves, is cut anew, and becomes whole', async () => {
  await using stage = await openWorkspaceStage()
  const repository = shallowCloneOf(stage)
  const seen = async (): Promise<readonly string[]> => {
    await stage.clock.advance(15_000)
    await using workspace = await stage.workspaces.open({ signal, source: { repository, branch: undefined } })
    expect(git(workspace.directory, 'fsck', '--strict')).toBe('')
    return [await readFile(join(workspace.directory, 'a.txt'), 'utf8'), ...historyOf(workspace.directory)]
  }
  expect(await seen()).toEqual(['one\n', 'more'])
  await stage.commit({ 'a.txt': 'two\n' })
  git(repository, 'pull', '-q')
  expect(await seen()).toEqual(['two\n', 'more', 'more'])
  await stage.commit({ 'a.txt': 'three\n' })
  await stage.commit({ 'a.txt': 'four\n' })
  git(repository, 'fetch', '-q', '--depth=1')
  git(repository, 'reset', '-q', '--hard', 'origin/main')
  expect((await seen())[0]).toBe('four\n')
  git(repository, 'fetch', '-q', '--unshallow')
  expect((await seen())[0]).toBe('four\n')
})

test('[WS10] [WS6] a run’s commits are reported although the shallow clone was cut anew meanwhile', async () => {
  await using stage = await openWorkspaceStage()
  await stage.commit({ 'a.txt': 'two\n' })
  const repository = shallowCloneOf(stage)
  const source = { repository, branch: undefined }
  await using workspace = await stage.workspaces.open({ signal, source })
  await write(workspace.directory, { 'b.txt': 'new\n' })
  git(workspace.directory, 'add', '-A')
  git(workspace.directory, 'commit', '-qm', 'Промяна')
  git(stage.repository, 'commit', '-q', '--amend', '-m', 'anew')
  git(repository, 'fetch', '-q', '--depth=1')
  git(repository, 'reset', '-q', '--hard', 'origin/main')
  await stage.clock.advance(15_000)
  await using later = await stage.workspaces.open({ signal, source })
  expect(historyOf(later.directory)).toEqual(['anew'])
  const { patch, commits } = await workspace.changes({ signal })
  expect(commits.map(({ subject }) => subject)).toEqual(['Промяна'])
  expect(Buffer.from(patch ?? []).toString()).toMatch(/^diff --git a\/b.txt[^]*\+new\n$/)
})

const OWNER =
  'The repository belongs to another user of the server’s machine. Change its owner, or add its path to `safe.directory` in the git configuration of the server’s user.'

test.skipIf(process.getuid?.() !== 0)(
  '[WS11] a repository of another user of the machine is refused with what to do, until git is told to trust it',
  async () => {
    await using stage = await openWorkspaceStage()
    const { repository } = stage
    const below = await readdir(repository, { recursive: true })
    for (const path of ['.', ...below]) await chown(join(repository, path), 65_534, 65_534)
    for (const branch of [undefined, 'main']) {
      expect(await refusalOf(stage.workspaces, { repository, branch })).toEqual({
        code: 'workspace_unusable',
        message: OWNER,
      })
    }
    const trust = join(stage.directory, 'gitconfig')
    await writeFile(trust, `[safe]\n\tdirectory = ${repository}\n\tdirectory = ${repository}/.git\n`)
    const trusting = await stage.reopen({ env: { GIT_CONFIG_GLOBAL: trust } })
    await using workspace = await trusting.open({ signal })
    expect(await readFile(join(workspace.directory, 'a.txt'), 'utf8')).toBe('one\n')
  },
)

test.each([undefined, 'main'])(
  '[WS12] a repository with SHA-256 ids is refused by that name (branch %j)',
  async (branch) => {
    await using stage = await openWorkspaceStage()
    const repository = join(stage.directory, 'sha256')
    execFileSync('git', ['init', '-q', '-b', 'main', '--object-format=sha256', repository])
    await write(repository, { 'a.txt': 'one\n' })
    git(repository, 'add', '-A')
    git(repository, 'commit', '-qm', 'one')
    expect(await refusalOf(stage.workspaces, { repository, branch })).toEqual({
      code: 'workspace_unusable',
      message:
        'The repository has SHA-256 object ids, which workspaces do not support. Use a copy of it with SHA-1 object ids.',
    })
  },
)
