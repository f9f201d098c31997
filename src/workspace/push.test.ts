import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive } from '../lib/is-alive.ts'
import { git, openWorkspaceStage, write } from '../../test/support/workspace-stage.ts'

const { signal } = new AbortController()
const pushBranches = ['agent/*']

test('[WS9] the work is pushed to a branch, what is not committed is committed first', async () => {
  await using stage = await openWorkspaceStage({ pushBranches })
  await using workspace = await stage.workspaces.open({ signal })
  await write(workspace.directory, { 'b.txt': 'b\n' })
  git(workspace.directory, 'add', '-A')
  git(workspace.directory, 'commit', '-qm', 'by the agent')
  await write(workspace.directory, { 'c.txt': 'c\n' })
  const message = 'Прави го 🙂\n\n-x\n# not a comment'
  const pushed = await workspace.push({ branch: 'agent/задача-1', message, signal })
  expect(pushed).toEqual({
    branch: 'agent/задача-1',
    commit: git(stage.repository, 'rev-parse', 'refs/heads/agent/задача-1'),
  })
  const log = git(stage.repository, 'log', '--format=%an <%ae> %cn %s', pushed.commit)
  expect(log.split('\n')).toEqual([
    'vivavoce <vivavoce@localhost> vivavoce Прави го 🙂',
    'Тест <t@example.com> Тест by the agent',
    'Тест <t@example.com> Тест more',
  ])
  expect(git(stage.repository, 'log', '-1', '--format=%B', pushed.commit)).toBe(message)
  expect(git(stage.repository, 'ls-tree', '--name-only', pushed.commit).split('\n')).toEqual([
    'a.txt',
    'b.txt',
    'c.txt',
  ])
})

test('[WS9] a work that is committed as it is, or that is none, is pushed as it is', async () => {
  await using stage = await openWorkspaceStage({ pushBranches })
  await using workspace = await stage.workspaces.open({ signal })
  const none = await workspace.push({ branch: 'agent/none', message: '', signal })
  expect(none.commit).toBe(git(stage.repository, 'rev-parse', 'main'))
  await write(workspace.directory, { 'b.txt': 'b\n' })
  git(workspace.directory, 'add', '-A')
  git(workspace.directory, 'commit', '-qm', 'mine')
  const { commit } = await workspace.push({ branch: 'agent/x', message: 'x', signal })
  expect(commit).toBe(git(workspace.directory, 'rev-parse', 'HEAD'))
  // Gone on from, it may be pushed again.
  await write(workspace.directory, { 'c.txt': 'c\n' })
  await workspace.push({ branch: 'agent/x', message: ' ', signal })
  expect(git(stage.repository, 'log', '--format=%s', 'agent/x').split('\n')).toEqual([
    'Work of an agent',
    'mine',
    'more',
  ])
})

test('[WS9] commits of ours are in the name that the operator’s git has', async () => {
  await using stage = await openWorkspaceStage({ pushBranches })
  const config = join(stage.directory, 'gitconfig')
  await writeFile(config, '[user]\n\tname = Оператор\n\temail = op@example.com\n[safe]\n\tbareRepository = explicit\n')
  const workspaces = await stage.reopen({ env: { GIT_CONFIG_GLOBAL: config } })
  await using workspace = await workspaces.open({ signal })
  await write(workspace.directory, { 'c.txt': 'c\n' })
  const { commit } = await workspace.push({ branch: 'agent/x', message: 'x', signal })
  expect(git(stage.repository, 'log', '-1', '--format=%an <%ae>|%cn <%ce>', commit)).toBe(
    'Оператор <op@example.com>|Оператор <op@example.com>',
  )
})

test('[WS9] a branch that has other commits is not overwritten', async () => {
  await using stage = await openWorkspaceStage({ pushBranches })
  git(stage.repository, 'checkout', '-qb', 'agent/x')
  const theirs = await stage.commit({ 'theirs.txt': 'x' })
  git(stage.repository, 'checkout', '-q', 'main')
  await using workspace = await stage.workspaces.open({ signal })
  await write(workspace.directory, { 'c.txt': 'c\n' })
  await expect(workspace.push({ branch: 'agent/x', message: 'x', signal })).rejects.toMatchObject({
    code: 'workspace_unusable',
    message: 'The branch `agent/x` exists and has other commits.',
  })
  expect(git(stage.repository, 'rev-parse', 'agent/x')).toBe(theirs)
})

test('[WS9] what the repository itself refuses is told so', async () => {
  await using stage = await openWorkspaceStage({ pushBranches })
  await writeFile(join(stage.repository, '.git', 'hooks', 'pre-receive'), '#!/bin/sh\necho SECRET WORDS\nexit 1\n', {
    mode: 0o755,
  })
  await using workspace = await stage.workspaces.open({ signal })
  await expect(workspace.push({ branch: 'agent/x', message: 'x', signal })).rejects.toMatchObject({
    code: 'workspace_unusable',
    message: 'The repository does not take the branch `agent/x`.',
  })
})

test('[WS9] a repository that is gone by then may be there later', async () => {
  await using stage = await openWorkspaceStage({ pushBranches })
  await using workspace = await stage.workspaces.open({ signal })
  await writeFile(join(stage.repository, '.git', 'HEAD'), 'broken')
  await expect(workspace.push({ branch: 'agent/x', message: 'x', signal })).rejects.toMatchObject({
    code: 'workspace_failed',
    message: 'The repository cannot be reached, or does not let this server push.',
  })
})

test.each([
  ['main'],
  ['agent'],
  ['agent/../main'],
  ['agent/x y'],
  ['agent/x:main'],
  ['--mirror'],
  ['agent/x\n[core]'],
  [''],
])('[WS9] %j is not pushed, since the operator does not allow it', async (branch) => {
  await using stage = await openWorkspaceStage({ pushBranches })
  await using workspace = await stage.workspaces.open({ signal })
  await expect(workspace.push({ branch, message: 'x', signal })).rejects.toMatchObject({
    code: 'workspace_unusable',
    message: 'The server does not allow that branch to be pushed.',
  })
  expect(await readdir(join(stage.repository, '.git', 'refs', 'heads'))).toEqual(['main'])
})

test('[WS9] [CA1] a push that hangs ends with the caller, and what it started with it', async () => {
  await using stage = await openWorkspaceStage({ pushBranches })
  await using workspace = await stage.workspaces.open({ signal })
  const pidFile = join(stage.directory, 'pid')
  const hook = `#!/bin/sh\necho $$ > ${pidFile}.made\nmv ${pidFile}.made ${pidFile}\nexec sleep 600\n`
  await writeFile(join(stage.repository, '.git', 'hooks', 'pre-receive'), hook, { mode: 0o755 })
  const leaver = new AbortController()
  const reason = new Error('gone')
  const pushing = workspace.push({ branch: 'agent/x', message: 'x', signal: leaver.signal })
  await expect.poll(() => existsSync(pidFile)).toBe(true)
  leaver.abort(reason)
  await expect(pushing).rejects.toBe(reason)
  const pid = Number(await readFile(pidFile, 'utf8'))
  await expect.poll(() => isAlive(pid)).toBe(false)
})
