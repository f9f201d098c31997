import { readFileSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ABLE } from '../../../test/support/histories.ts'
import { createManualClock } from '../../../test/support/manual-clock.ts'
import { createRecordingObserver } from '../../../test/support/recording-observer.ts'
import { isAlive } from '../../lib/is-alive.ts'
import { keptTalkerArguments } from '../process/index.ts'
import type { Abilities } from './abilities.ts'
import { DEFAULT_SETTINGS, freshHeld, startWarmProcess } from './start.ts'

const BIN = fileURLToPath(new URL('../../../test/fixtures/fake-kept-claude', import.meta.url))
const START_MS = 20_000
const SEED = '/of/a/seed.jsonl'

interface Told {
  readonly type?: string
  readonly shouldQuery?: boolean
  readonly request?: { readonly subtype: string; readonly systemPrompt?: readonly string[]; readonly settings?: object }
}

/** A directory for a process that is to be started, and what it was started with and told. */
async function open({
  kind = '',
  abilities: some = {},
}: { readonly kind?: string; readonly abilities?: Partial<Abilities> } = {}) {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'vivavoce-start-')))
  const log = join(directory, 'log')
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const abilities = { ...ABLE, ...some }
  const start = async (signal = new AbortController().signal, bin = BIN) =>
    await startWarmProcess(
      {
        bin,
        passedOn: { PATH: process.env['PATH'] ?? '', FAKE_KEPT: kind, FAKE_KEPT_LOG: log },
        seedPath: SEED,
        model: 'haiku',
        abilities,
        startMs: START_MS,
        clock,
        observer,
      },
      { signal },
    )
  const lines = (): readonly unknown[] =>
    readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
  return {
    start,
    clock,
    observer,
    abilities,
    startedWith: () => lines()[0] as { readonly args: readonly string[]; readonly env: object; readonly cwd: string },
    told: () => lines().slice(1) as readonly Told[],
    /** The processes that were started and have not ended. */
    running: () => observer.of('process-started').filter(({ pid }) => isAlive(pid)),
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true, force: true }),
  }
}

const kindsOf = (told: readonly Told[]): readonly string[] =>
  told.map(({ type = '', request }) => request?.subtype ?? type)

test('[WP9] a process is ready when it was told a prompt and settings, and has taken in and back what it will be told', async () => {
  await using opened = await open({ abilities: { environmentNote: 'removable' } })
  const { start, told, startedWith, abilities } = opened
  const process = await start()
  expect(process.held).toEqual(freshHeld({ model: 'haiku', abilities }))
  expect(process.held).toMatchObject({ system: 'You answer.', model: 'haiku', settings: DEFAULT_SETTINGS, rows: [] })
  expect([process.turns, process.tenant]).toEqual([0, undefined])
  expect(kindsOf(told()).slice(0, 6)).toEqual([
    'rewind_conversation',
    'initialize',
    'assistant',
    'apply_flag_settings',
    'user',
    'rewind_conversation',
  ])
  // Nothing of it asked the model.
  expect(told().filter(({ type, shouldQuery }) => type === 'user' && shouldQuery !== false)).toEqual([])
  expect(startedWith()).toMatchObject({
    args: keptTalkerArguments({ model: 'haiku', seedPath: SEED }),
    env: { SHELL: '/bin/bash' },
    cwd: '/',
  })
  expect(startedWith().env).not.toHaveProperty('CLAUDE_CODE_DISABLE_THINKING')
  await process.stop('done')
})

test('[WP9] a process whose system prompt is fixed is told none beforehand, and shows that it answers', async () => {
  await using opened = await open({ abilities: { systemPrompt: 'fixed', liveSettings: false } })
  const { start, told, startedWith, abilities } = opened
  const process = await start()
  expect(process.held).toEqual(freshHeld({ model: 'haiku', abilities }))
  expect(process.held.system).toBeUndefined()
  expect(kindsOf(told())).toEqual(['get_binary_version'])
  // What cannot be set for each turn is set for good.
  expect(startedWith().env).toMatchObject({ CLAUDE_CODE_DISABLE_THINKING: '1', CLAUDE_CODE_EFFORT_LEVEL: 'low' })
  await process.stop('done')
})

test.each([
  [{ replay: 'none' }, ['initialize', 'assistant', 'apply_flag_settings']],
  [{ rewind: 'none' }, ['initialize', 'assistant', 'apply_flag_settings']],
  [{ systemPrompt: 'fixed' }, ['apply_flag_settings']],
  [{ systemPrompt: 'fixed', environmentNote: 'removable' }, ['rewind_conversation', 'apply_flag_settings']],
] as const)('[WP9] a process of these abilities is told only what it can take back: %j', async (abilities, kinds) => {
  await using opened = await open({ abilities })
  const process = await opened.start()
  expect(kindsOf(opened.told())).toEqual(kinds)
  expect(process.held.rows).toEqual([])
  await process.stop('done')
})

test.each(['absent', 'sent'] as const)(
  '[WP20] a process of a CLI whose note of the machine is %s resumes no transcript',
  async (environmentNote) => {
    await using opened = await open({ abilities: { environmentNote } })
    const process = await opened.start()
    expect(opened.startedWith()).toMatchObject({ args: keptTalkerArguments({ model: 'haiku' }), cwd: '/' })
    expect(kindsOf(opened.told()).slice(0, 3)).toEqual(['initialize', 'assistant', 'apply_flag_settings'])
    await process.stop('done')
  },
)

test.each(['refuses', 'ends'])(
  '[WP4] a process that %s before it is ready fails its start, and is gone',
  async (kind) => {
    await using opened = await open({ kind })
    await expect(opened.start()).rejects.toMatchObject({
      code: 'cli_failed',
      cause: { name: 'ProcessLostError' },
      details: { startMs: START_MS },
    })
    expect(opened.running()).toEqual([])
    expect(opened.clock.armed).toBe(0)
  },
)

test('[WP6] a process that is silent for too long on its way to being ready fails its start, and is killed', async () => {
  await using opened = await open({ kind: 'silent' })
  const { start, clock, observer, running } = opened
  const failed = expect.soft(start()).rejects.toMatchObject({ code: 'cli_failed' })
  await clock.untilArmed(START_MS)
  await clock.advance(START_MS)
  await failed
  expect(observer.of('process-ended')).toMatchObject([{ cause: 'deadline', signal: 'SIGKILL' }])
  expect(running()).toEqual([])
})

test('[CA5] a start that is aborted ends its process, and is no failure of it', async () => {
  await using opened = await open({ kind: 'silent' })
  const { start, clock, observer, running } = opened
  const abort = new AbortController()
  const reason = new Error('stopping')
  const failed = start(abort.signal).catch((error: unknown) => error)
  await clock.untilArmed(START_MS)
  abort.abort(reason)
  expect(await failed).toBe(reason)
  expect(observer.of('process-ended')).toMatchObject([{ cause: 'shutdown', signal: 'SIGKILL' }])
  expect(running()).toEqual([])
})

test('[ER3] a CLI that cannot be started is told as such', async () => {
  await using opened = await open()
  await expect(opened.start(undefined, '/nowhere/claude')).rejects.toMatchObject({ code: 'cli_unavailable' })
})
