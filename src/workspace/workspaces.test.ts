import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAlive } from '../lib/is-alive.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { inWorkspace } from './in-workspace.ts'
import { openWorkspaces, type Workspaces } from './workspaces.ts'

const signal = new AbortController().signal
const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' }
let directory: string
let repository: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-workspaces-'))
  repository = join(directory, 'repository')
  execFileSync('git', ['init', '-q', '-b', 'main', repository])
  await commit('one')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function commit(text: string): Promise<void> {
  await writeFile(join(repository, 'a.txt'), text)
  const git = ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.com']
  execFileSync('git', [...git, 'add', '-A'])
  execFileSync('git', [...git, 'commit', '-qm', text])
}

const root = (): string => join(directory, 'workspaces')
const clock = createManualClock()
const rest = { maxBytes: 100 * 1024 * 1024, pushBranches: [], observer: { observe: () => undefined } }
const open = (from: string | undefined = repository, branch?: string): Promise<Workspaces> =>
  openWorkspaces({ root: root(), repository: from, branch, env, clock, ...rest })

const content = async (workspaces: Workspaces): Promise<string> => {
  await using workspace = await workspaces.open({ signal })
  return await readFile(join(workspace.directory, 'a.txt'), 'utf8')
}

test('[DO5] what was committed since is seen once 15 s have passed, and not before', async () => {
  const workspaces = await open()
  expect(await content(workspaces)).toBe('one')
  await commit('two')
  await clock.advance(14_999)
  expect(await content(workspaces)).toBe('one')
  await clock.advance(1)
  expect(await content(workspaces)).toBe('two')
})

test('[DO4] workspaces at the same time are apart, and each is gone when it is disposed of', async () => {
  const workspaces = await open()
  const all = await Promise.all(Array.from({ length: 5 }, () => workspaces.open({ signal })))
  expect(new Set(all.map((workspace) => workspace.directory)).size).toBe(5)
  await writeFile(join(all[0]?.directory ?? '', 'a.txt'), 'changed')
  expect(await readFile(join(all[1]?.directory ?? '', 'a.txt'), 'utf8')).toBe('one')
  await Promise.all(all.map((workspace) => workspace[Symbol.asyncDispose]()))
  expect(await readdir(root())).toEqual(['base'])
})

test('[DO4] without a repository a workspace is empty', async () => {
  const workspaces = await openWorkspaces({
    root: root(),
    repository: undefined,
    branch: undefined,
    env,
    clock,
    ...rest,
  })
  await using workspace = await workspaces.open({ signal })
  expect(await readdir(workspace.directory)).toEqual([])
})

test('[DO5] a base clone of another repository is made anew', async () => {
  expect(await content(await open())).toBe('one')
  const other = join(directory, 'other')
  execFileSync('git', ['clone', '-q', repository, other])
  await writeFile(join(other, 'a.txt'), 'other')
  execFileSync('git', ['-C', other, '-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qam', 'other'])
  expect(await content(await open(other))).toBe('other')
})

test('[DO5] a repository may be named by a relative path', async () => {
  expect(await content(await open(relative(process.cwd(), repository)))).toBe('one')
})

test('[DO5] a repository or branch that is not there is a failure that leaves nothing', async () => {
  await expect((await open(join(directory, 'none'))).open({ signal })).rejects.toMatchObject({
    code: 'workspace_failed',
  })
  await expect((await open(repository, 'none')).open({ signal })).rejects.toMatchObject({ code: 'workspace_unusable' })
  expect((await readdir(root())).filter((name) => name.startsWith('run-'))).toEqual([])
})

test('[DO4] what servers that are gone left is swept at the next start, what others use is not', async () => {
  const workspaces = await open()
  await using workspace = await workspaces.open({ signal })
  const left = ['run-4194303.7-x', `run-${process.pid}.1-y`, 'run-4194303.7-base-z'].map((name) => join(root(), name))
  execFileSync('mkdir', left)
  await open()
  expect(left.map((path) => existsSync(path))).toEqual([false, false, false])
  expect(existsSync(workspace.directory)).toBe(true)
})

test('[DO4] what a run has made hard to remove is removed, and links are not followed', async () => {
  const workspaces = await open()
  const workspace = await workspaces.open({ signal })
  const outside = join(directory, 'outside')
  execFileSync(
    'sh',
    ['-c', `mkdir -p a/b "${outside}" && touch a/b/c "${outside}/kept" && ln -s "${outside}" link && chmod 000 a/b a`],
    { cwd: workspace.directory },
  )
  await workspace[Symbol.asyncDispose]()
  expect(existsSync(workspace.directory)).toBe(false)
  expect(existsSync(join(outside, 'kept'))).toBe(true)
})

test('[DO5] a workspace shares no object with the repository or the base, and has no word of where they are', async () => {
  const workspaces = await open()
  await using workspace = await workspaces.open({ signal })
  const linked = execFileSync(
    'find',
    [join(workspace.directory, '.git', 'objects'), join(repository, '.git', 'objects'), '-type', 'f', '-links', '+1'],
    { encoding: 'utf8' },
  )
  expect(linked).toBe('')
  const { stdout, status } = spawnSync('grep', ['-rl', '-e', `${root()}/base`, '-e', repository, '.git'], {
    cwd: workspace.directory,
    encoding: 'utf8',
  })
  expect([status, stdout]).toEqual([1, ''])
})

test('[DO5] the default branch may get another name', async () => {
  const workspaces = await open()
  expect(await content(workspaces)).toBe('one')
  execFileSync('git', ['-C', repository, 'branch', '-m', 'main', 'trunk'])
  await commit('two')
  await clock.advance(15_000)
  expect(await content(workspaces)).toBe('two')
})

test('[CA1] [CA5] a repository that does not answer is waited for by nobody who leaves, and ended with the server', async () => {
  const pidFile = join(directory, 'pid')
  const workspaces = await openWorkspaces({
    root: root(),
    repository: 'ssh://nowhere.invalid/x',
    branch: undefined,
    env: { ...env, GIT_SSH_COMMAND: `sh -c 'echo $$ > ${pidFile}; exec sleep 600'` },
    clock,
    ...rest,
  })
  const leaver = new AbortController()
  const waiting = workspaces.open({ signal: leaver.signal })
  const staying = workspaces.open({ signal })
  const ended = Promise.allSettled([waiting, staying])
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim()).toMatch(/^\d+$/)
  const reason = new Error('gone')
  leaver.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await workspaces.close()
  expect((await ended)[1]).toMatchObject({ status: 'rejected', reason: { code: 'shutting_down' } })
  await expect.poll(() => isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
  expect((await readdir(root())).filter((name) => name.startsWith('run-'))).toEqual([])
})

test('[DO4] a run that fails, or is left early, has its workspace removed', async () => {
  const workspaces = await open()
  const seen: string[] = []
  const engine = inWorkspace(
    {
      async *run({ directory: at = '' }) {
        seen.push(at)
        expect(existsSync(join(at, 'a.txt'))).toBe(true)
        yield { type: 'text-delta', text: 'x' }
        throw new Error('no')
      },
    },
    workspaces,
  )
  const agent = { name: 'd', description: 'd', prompt: 'p', tools: ['Read'] }
  const request = { tenant: 't', agent, model: 'sonnet', history: [], limits: { turnMs: 1000 } }
  for await (const event of engine.run(request, { signal })) {
    expect(event.type).toBe('text-delta')
    break
  }
  await expect(async () => {
    for await (const event of engine.run(request, { signal })) expect(event.type).toBe('text-delta')
  }).rejects.toThrow('no')
  expect(seen).toHaveLength(2)
  for (const at of seen) expect(existsSync(at)).toBe(false)
})
