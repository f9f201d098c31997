import { expect, test } from 'vitest'
import { GatewayError, type JobEventBody } from '../../core/index.ts'
import { encodeJobEvent, parseLastEventId } from './job-events.ts'

const AT = '2023-11-14T22:13:20.000Z'

test.each<[JobEventBody, object]>([
  [{ type: 'queued' }, {}],
  [{ type: 'started', attempt: 2 }, { attempt: 2 }],
  [{ type: 'text', text: 'Ж\n🙂\0' }, { text: 'Ж\n🙂\0' }],
  [
    { type: 'tool', name: 'Read', input: '{"a":1}' },
    { name: 'Read', input: '{"a":1}' },
  ],
  [
    { type: 'retrying', error: 'Не стана.', inMs: 2000 },
    { error: 'Не стана.', in_ms: 2000 },
  ],
  [{ type: 'ended', status: 'cancelled' }, { status: 'cancelled' }],
])('[JB11] %o is one server-sent event with its number', (body, fields) => {
  const text = encodeJobEvent({ ...body, sequence: 7, atMs: 1_700_000_000_000 })
  const [, json = ''] = new RegExp(`^id: 7\nevent: ${body.type}\ndata: ([^\n]*)\n\n$`).exec(text) ?? []
  expect(JSON.parse(json)).toStrictEqual({ sequence: 7, at: AT, ...fields })
})

test('[JB11] the last event that a client has is a number, or none', () => {
  expect([undefined, '', '0', '7', '0007', '9007199254740991'].map(parseLastEventId)).toEqual([
    0,
    0,
    0,
    7,
    7,
    Number.MAX_SAFE_INTEGER,
  ])
  for (const text of ['-1', '1.5', '1e3', ' 1', 'x', 'ж', '0x1', '9'.repeat(20)]) {
    try {
      parseLastEventId(text)
      expect.unreachable(text)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      expect([error.code, error.param]).toEqual(['invalid_request', 'last-event-id'])
    }
  }
})
