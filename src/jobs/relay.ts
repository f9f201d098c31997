/** What an attempt says and does, as events of its job. Text that comes in small pieces is kept in larger ones. */
import type { Clock, JobEventBody, ToolUseEvent } from '../core/index.ts'
import { wholeCharacters } from '../lib/index.ts'

const FLUSH_AFTER_MS = 200
const FLUSH_AT_BYTES = 4096
const MAX_INPUT_CHARACTERS = 2000
/** More than this is not held while the store does not take it: the run is not read on then. */
const MAX_HELD_BYTES = 1024 * 1024

/** The JSON text of what a tool is given, cut where it is long, never within a character. */
export const shownInput = (input: ToolUseEvent['input']): string =>
  wholeCharacters().push(JSON.stringify(input).slice(0, MAX_INPUT_CHARACTERS))

export interface Relay extends AsyncDisposable {
  /** Resolves at once, or when there is room for more. */
  text(delta: string): Promise<void>
  tool(use: ToolUseEvent): Promise<void>
}

/**
 * `keep` writes events, in order, and resolves when they are written or never will be; it does not throw. Disposing of the
 * relay writes the rest.
 */
export function createRelay({
  keep,
  clock,
}: {
  readonly keep: (events: readonly JobEventBody[]) => Promise<void>
  readonly clock: Clock
}): Relay {
  let said = ''
  let saidBytes = 0
  let held: JobEventBody[] = []
  let heldBytes = 0
  let timer: Disposable | undefined
  let writing: Promise<void> | undefined

  async function write(): Promise<void> {
    while (held.length > 0) {
      const [events, bytes] = [held, heldBytes]
      held = []
      await keep(events)
      heldBytes -= bytes
    }
    writing = undefined
  }

  function hold(event: JobEventBody, bytes: number): void {
    held.push(event)
    heldBytes += bytes
  }

  function holdSaid(): void {
    timer?.[Symbol.dispose]()
    timer = undefined
    if (said !== '') hold({ type: 'text', text: said }, saidBytes)
    said = ''
    saidBytes = 0
  }

  function flush(): void {
    holdSaid()
    if (held.length > 0) writing ??= write()
  }

  const room = async (): Promise<void> => {
    if (heldBytes > MAX_HELD_BYTES) await writing
  }

  return {
    async text(delta) {
      said += delta
      saidBytes += Buffer.byteLength(delta)
      if (saidBytes >= FLUSH_AT_BYTES) flush()
      else timer ??= clock.after(FLUSH_AFTER_MS, flush)
      await room()
    },
    async tool({ name, input }) {
      const shown = shownInput(input)
      holdSaid()
      hold({ type: 'tool', name, input: shown }, Buffer.byteLength(shown))
      flush()
      await room()
    },
    async [Symbol.asyncDispose]() {
      flush()
      await writing
    },
  }
}
