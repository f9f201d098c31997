import { toGatewayError, type TurnEvent } from '../../core/index.ts'
import { isAbortOf } from '../../lib/index.ts'

/** The same events; a failure after the first of them becomes the last one, as `TurnEngine` promises. */
export async function* failByEvent(
  events: AsyncIterable<TurnEvent>,
  signal: AbortSignal,
): AsyncGenerator<TurnEvent, void, undefined> {
  let sent = false
  try {
    for await (const event of events) {
      sent = true
      yield event
    }
  } catch (error) {
    if (!sent || isAbortOf(error, signal)) throw error
    yield { type: 'turn-failed', error: toGatewayError(error) }
  }
}
