/** `GET /jobs/{id}/events`. */
import { GatewayError, type JobEvent } from '../../core/index.ts'
import { encodeSseEvent } from '../../lib/index.ts'

const fieldsOf = (event: JobEvent): object => {
  switch (event.type) {
    case 'queued':
      return {}
    case 'started':
      return { attempt: event.attempt }
    case 'text':
      return { text: event.text }
    case 'tool':
      return { name: event.name, input: event.input }
    case 'retrying':
      return { error: event.error, in_ms: event.inMs }
    case 'ended':
      return { status: event.status }
  }
}

/** A server-sent event: its number as `id`, its kind as `event`. */
export function encodeJobEvent(event: JobEvent): string {
  const { sequence, type, atMs } = event
  const data = { sequence, at: new Date(atMs).toISOString(), ...fieldsOf(event) }
  return `id: ${sequence}\n${encodeSseEvent(JSON.stringify(data), type)}`
}

/** The number of the last event that a client has; 0 where it has none. @throws GatewayError `invalid_request`. */
export function parseLastEventId(text: string | undefined): number {
  // A browser that was told no id sends none; other clients send an empty one.
  if (text === undefined || text === '') return 0
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new GatewayError('invalid_request', '`last-event-id`: the number of an event is expected.', {
    param: 'last-event-id',
  })
}
