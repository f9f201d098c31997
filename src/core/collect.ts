import type { TurnEnd, TurnEvent } from './turn.ts'

/**
 * Runs a turn to its end.
 * @throws GatewayError when it fails, whenever that is; the signal's reason when it is aborted.
 */
export async function collectTurn(events: AsyncIterable<TurnEvent>): Promise<TurnEnd> {
  let end: TurnEnd | undefined
  for await (const event of events) {
    switch (event.type) {
      case 'text-delta':
      case 'call-start':
      case 'call-delta':
      case 'tool-use':
        break
      case 'turn-end':
        end = event
        break
      case 'turn-failed':
        throw event.error
    }
  }
  if (end === undefined) throw new Error('the engine ended a turn without an end')
  return end
}
