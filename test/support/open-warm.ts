/** A `WarmProcess` over a child in memory, ready to be asked, and what a test does with it. */
import type { CliMessage } from '../../src/claude/protocol/index.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import { align, type Wanted } from '../../src/claude/warm/align.ts'
import { DEFAULT_SETTINGS } from '../../src/claude/warm/start.ts'
import { WarmProcess } from '../../src/claude/warm/warm-process.ts'
import { ABLE, user } from './histories.ts'
import { createKeptCli, type KeptCli, type KeptCliOptions } from './kept-cli.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { createRecordingObserver, type RecordingObserver } from './recording-observer.ts'

export const NEVER = new AbortController().signal
export const SETTLE_MS = 1000

export { assistant, user } from './histories.ts'

/** What it is told when it is ready. */
export const WANTED: Wanted = {
  system: 'S',
  model: 'sonnet',
  settings: DEFAULT_SETTINGS,
  functions: [],
  turns: [],
  ask: user('and then?'),
}

export interface OpenWarm {
  readonly warm: WarmProcess
  readonly cli: KeptCli
  readonly clock: ManualClock
  readonly observer: RecordingObserver
  /** Does what a request takes, up to its question. */
  request(wanted: Partial<Wanted>, signal?: AbortSignal): Promise<void>
  /** Hears the question under way out, to its result. */
  hear(): Promise<readonly CliMessage[]>
  /** A whole turn, answered as the child does. */
  turn(wanted: Partial<Wanted>): Promise<void>
}

export const saidBy = (messages: readonly CliMessage[]): string =>
  messages.map((message) => (message.type === 'text' ? message.text : '')).join('')

export type OpenWarmOptions = Omit<KeptCliOptions, 'abilities'> & { readonly abilities?: Partial<Abilities> }

export function createWarm({ abilities: some, ...rest }: OpenWarmOptions = {}): OpenWarm {
  const abilities = { ...ABLE, ...some }
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const cli = createKeptCli({ ...rest, abilities })
  const held = { system: undefined, model: 'sonnet', settings: DEFAULT_SETTINGS, functions: [], rows: [] }
  const warm = new WarmProcess(cli.child, { held, abilities, clock, observer })
  const request = async (wanted: Partial<Wanted>, signal = NEVER): Promise<void> => {
    const alignment = align(warm.held, { ...WANTED, ...wanted }, abilities)
    if (alignment === undefined) throw new Error('it cannot be aligned')
    await warm.perform(alignment.steps, { signal })
  }
  const hear = async (): Promise<readonly CliMessage[]> => {
    const messages: CliMessage[] = []
    for (;;) {
      const message = await warm.next(NEVER)
      messages.push(message)
      if (message.type === 'result') return messages
    }
  }
  return {
    warm,
    cli,
    clock,
    observer,
    request,
    hear,
    async turn(wanted) {
      await request(wanted)
      await warm.settle({ said: saidBy(await hear()), whole: true, ms: SETTLE_MS })
    },
  }
}

/** One that was told its system prompt and settings. */
export async function openWarm(options: OpenWarmOptions = {}): Promise<OpenWarm> {
  const opened = createWarm(options)
  if (options.abilities?.environmentNote === 'removable') await opened.warm.leaveSeed({ ms: SETTLE_MS })
  await opened.warm.prepare(
    [
      { type: 'open', system: 'S' },
      { type: 'set', settings: DEFAULT_SETTINGS },
    ],
    { ms: SETTLE_MS },
  )
  return opened
}
