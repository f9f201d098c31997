import { toGatewayError, type TurnEvent } from '../../core/index.ts'
import { isAbortOf } from '../../lib/index.ts'

/** The same events; a failure after the first of them becomes the last one, as `TurnEngine` promises. One after the end is thrown. */
export async function* failByEvent(
  events: AsyncIterable<TurnEvent>,
  signal: AbortSignal,
): AsyncGenerator<TurnEvent, void, undefined> {
  let sent = false
  let over = false
  try {
    for await (const event of events) {
      sent = true
      over = event.type === 'turn-end'
      yield event
    }
  } catch (error) {
    if (!sent || over || isAbortOf(error, signal)) throw error
    yield { type: 'turn-failed', error: toGatewayError(error) }
  }
}
