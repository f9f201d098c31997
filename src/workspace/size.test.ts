import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asNobody } from '../../test/support/as-nobody.ts'
import { createManualClock, type ManualClock } from '../../test/support/manual-clock.ts'
import { openWorkspaceStage, write } from '../../test/support/workspace-stage.ts'
import type { TurnEngine, TurnEvent, TurnRequest } from '../core/index.ts'
import { endWithinSize, inWorkspace, watchSize } from './index.ts'
import { openUp } from './open-up.ts'
import { removeTree } from './remove-tree.ts'
import { treeSize } from './tree-size.ts'

const { signal } = new AbortController()
const MIB = 1024 * 1024
const GROWN = {
  code: 'workspace_unusable',
  message: 'The workspace grew larger than VIVAVOCE_WORKSPACE_MAX_MB allows.',
}
const agent = { name: 'd', description: 'd', prompt: 'p', tools: ['Write'] }
const request = { tenant: 't', agent, model: 'sonnet', history: [], limits: { turnMs: 60_000 } }

/** Lets the watch look once, and waits until it has. */
async function look(clock: ManualClock, overgrown: AbortSignal): Promise<void> {
  await clock.advance(500)
  if (!overgrown.aborted) await Promise.race([clock.untilArmed(500), once(overgrown, 'abort')])
}

test('[WS5] a workspace that grows past its limit tells so once it is measured, after 3 s at the latest', async () => {
  await using stage = await openWorkspaceStage({ maxBytes: MIB })
  await using workspace = await stage.workspaces.open({ signal })
  await look(stage.clock, workspace.overgrown)
  await write(workspace.directory, { 'deep/er/zeros': new Uint8Array(MIB + 1) })
  expect(workspace.overgrown.aborted).toBe(false)
  for (let looks = 0; looks < 7 && !workspace.overgrown.aborted; looks++) await look(stage.clock, workspace.overgrown)
  expect(workspace.overgrown.reason).toMatchObject(GROWN)
  expect(stage.observed).toEqual([])
})

test('[WS5] a measurement that takes long delays the next look at the disk by nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-size-'))
  const clock = createManualClock()
  let nowMs = 0
  // Each time it is asked, five seconds have passed.
  const slow = { ...clock, nowMs: () => (nowMs += 5000) }
  const observer = { observe: (seen: unknown) => expect(seen).toBeUndefined() }
  await using watch = watchSize({ directory, maxBytes: MIB, message: GROWN.message, clock: slow, observer })
  try {
    await clock.advance(500)
    await clock.untilArmed(500)
    await write(directory, { zeros: new Uint8Array(2 * MIB) })
    await look(clock, watch.overgrown)
    expect(watch.overgrown.reason).toMatchObject(GROWN)
  } finally {
    await removeTree(directory)
  }
})

test.each([[true], [false]])(
  '[WS5] a run that makes its workspace too large is stopped (after its first words: %j)',
  async (speaks) => {
    await using stage = await openWorkspaceStage({ maxBytes: MIB })
    let at = ''
    const engine: TurnEngine = {
      async *run({ directory = '' }, { signal: ending }) {
        at = directory
        if (speaks) yield { type: 'text-delta', text: 'x' }
        await writeFile(join(directory, 'zeros'), new Uint8Array(2 * MIB))
        const ended = new Promise<never>((_, reject) => ending.addEventListener('abort', () => reject(ending.reason)))
        await stage.clock.advance(3000)
        await ended
      },
    }
    const events: TurnEvent[] = []
    const running = (async () => {
      for await (const event of inWorkspace(engine, stage.workspaces).run(request, { signal })) events.push(event)
    })()
    if (speaks) await running
    else await expect(running).rejects.toMatchObject(GROWN)
    expect(events).toEqual(
      speaks
        ? [
            { type: 'text-delta', text: 'x' },
            { type: 'turn-failed', error: expect.objectContaining(GROWN) },
          ]
        : [],
    )
    expect(existsSync(at)).toBe(false)
    expect(await readdir(stage.root)).toEqual(['base'])
  },
)

test.each([[true], [false]])(
  '[WS13] a run that is done before its workspace was measured does not end as a success (after its first words: %j)',
  async (speaks) => {
    await using stage = await openWorkspaceStage({ maxBytes: MIB })
    const usage = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0 }
    const engine: TurnEngine = {
      async *run({ directory = '', history }) {
        if (speaks) yield { type: 'text-delta', text: 'x' }
        await writeFile(join(directory, 'zeros'), new Uint8Array(history.length === 0 ? 2 * MIB : 10))
        yield { type: 'turn-end', reason: 'end', answer: 'x', usage }
      },
    }
    const measured = inWorkspace(endWithinSize(engine, stage.workspaces), stage.workspaces)
    const typesOf = async (history: TurnRequest['history']): Promise<readonly string[]> => {
      const types: string[] = []
      for await (const event of measured.run({ ...request, history }, { signal })) types.push(event.type)
      return types
    }
    const before = speaks ? ['text-delta'] : []
    expect(await typesOf([{ role: 'user', text: 'x' }])).toEqual([...before, 'turn-end'])
    if (speaks) expect(await typesOf([])).toEqual(['text-delta', 'turn-failed'])
    else await expect(typesOf([])).rejects.toMatchObject(GROWN)
  },
)

test('[WS2] an agent works in the repository and on the branch that its file names', async () => {
  await using stage = await openWorkspaceStage()
  await using other = await openWorkspaceStage({ files: { 'a.txt': 'other\n' } })
  const seen: (string | undefined)[] = []
  const engine: TurnEngine = {
    async *run({ directory = '' }) {
      seen.push(execFileSync('cat', ['a.txt'], { cwd: directory, encoding: 'utf8' }))
      yield* []
    },
  }
  const wrapped = inWorkspace(engine, stage.workspaces)
  for (const at of [agent, { ...agent, repository: other.repository, branch: 'main' }]) {
    for await (const event of wrapped.run({ ...request, agent: at }, { signal })) expect(event).toBeUndefined()
  }
  expect(seen).toEqual(['one\n', 'other\n'])
  const missing = wrapped.run({ ...request, agent: { ...agent, branch: 'none' } }, { signal })
  await expect(missing[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'workspace_unusable' })
})

test('[WS5] what a directory takes is measured without following links, holes counted', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-size-'))
  try {
    await symlink('/', join(directory, 'root'))
    await symlink(directory, join(directory, 'loop'))
    const small = await treeSize(directory, { enoughBytes: 1e9, signal })
    expect(small).toBeLessThan(10_000)
    await writeFile(join(directory, 'holes'), '')
    await truncate(join(directory, 'holes'), 10 * MIB)
    await write(directory, Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`d${at % 7}/f${at}`, 'x'])))
    expect(await treeSize(directory, { enoughBytes: 1e9, signal })).toBeGreaterThan(10 * MIB)
    expect(await treeSize(join(directory, 'none'), { enoughBytes: 1e9, signal })).toBe(0)
    expect(await treeSize(directory, { enoughBytes: 5, signal })).toBeGreaterThan(5)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test.each([
  [
    'is deeper than a path can say',
    `n=${'d'.repeat(200)}; for i in $(seq 25); do mkdir $n && cd -P $n || exit 1; done; ZEROS`,
  ],
  ['may not be listed', 'mkdir d; cd d; ZEROS; chmod 300 .'],
  ['may not be entered', 'mkdir d; cd d; ZEROS; chmod 600 .'],
  ['may not be looked at, on the way to another', 'mkdir -p d/e; (cd d/e; ZEROS); chmod 000 d/e d'],
  ['has no text for a name', `d=$(printf '\\377'); mkdir "$d"; cd "$d"; ZEROS`],
])('[WS5] what is in a directory that %s counts', async (_, script) => {
  using _nobody = asNobody()
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-size-'))
  try {
    const zeros = script.replace('ZEROS', 'head -c 2000000 /dev/zero > zeros')
    execFileSync('sh', ['-pc', zeros], { cwd: directory })
    expect(await treeSize(directory, { enoughBytes: 1e6, signal })).toBeGreaterThan(1e6)
  } finally {
    await removeTree(directory)
  }
})

test('[WS5] a directory that is not ours and may not be looked into is larger than any limit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-size-'))
  try {
    using _nobody = asNobody()
    // Where nobody is root, that is one of somebody else.
    const foreign = process.getuid?.() === 0 ? directory : '/root'
    expect(await treeSize(foreign, { enoughBytes: 1e9, signal })).toBe(Infinity)
  } finally {
    await removeTree(directory)
  }
})

test('[WS5] entries that hold nothing count', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-size-'))
  try {
    await write(directory, Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`f${at}`, ''])))
    expect(await treeSize(directory, { enoughBytes: 1e9, signal })).toBe(300 * 4096)
  } finally {
    await removeTree(directory)
  }
})

test('[WS5] more entries than a measurement looks at are too large, however little they hold', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-size-'))
  try {
    await write(directory, Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`d${at % 3}/f${at}`, ''])))
    // Three directories, a hundred files.
    expect(await treeSize(directory, { enoughBytes: 1e9, maxEntries: 103, signal })).toBe(103 * 4096)
    expect(await treeSize(directory, { enoughBytes: 1e9, maxEntries: 102, signal })).toBe(Infinity)
  } finally {
    await removeTree(directory)
  }
})

test('[WS5] a right is given back to the directory that is meant alone, not through a link', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-size-'))
  try {
    await mkdir(join(directory, 'else', 'd'), { recursive: true })
    await chmod(join(directory, 'else', 'd'), 0o044)
    await symlink('else', join(directory, 'way'))
    await symlink('else/d', join(directory, 'd'))
    for (const path of ['d', 'way/d', 'none']) expect(await openUp(Buffer.from(join(directory, path)))).toBe(false)
    expect((await stat(join(directory, 'else', 'd'))).mode & 0o777).toBe(0o044)
    expect(await openUp(Buffer.from(join(directory, 'else', 'd')))).toBe(true)
    expect((await stat(join(directory, 'else', 'd'))).mode & 0o777).toBe(0o744)
  } finally {
    await removeTree(directory)
  }
})

test('[DO4] a workspace that is deeper than a path can say is removed, with what was told from it', async () => {
  await using stage = await openWorkspaceStage()
  const workspace = await stage.workspaces.open({ signal })
  const name = 'd'.repeat(250)
  execFileSync('sh', ['-c', `for i in $(seq 30); do mkdir ${name} && cd -P ${name} || exit 1; done; echo x > deep`], {
    cwd: workspace.directory,
  })
  await stage.clock.advance(3000)
  expect((await workspace.changes({ signal })).commits).toEqual([])
  await workspace[Symbol.asyncDispose]()
  expect(await readdir(stage.root)).toEqual(['base'])
  expect(stage.observed).toEqual([])
})
