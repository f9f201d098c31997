import { expect, test } from 'vitest'
import type { RehearsedRequest } from './request-log.ts'
import { MAX_LOGGED_CHARS, RequestLog } from './request-log.ts'

const seen = (rawBody = '{}') => ({
  atMs: 1,
  path: '/v1/messages',
  headers: {},
  body: { model: 'm', messages: [] },
  rawBody,
})
const numbers = (log: RequestLog): number[] => log.requests.map(({ number }) => number)
const inTime = (): AbortSignal => AbortSignal.timeout(5_000)
const isOver = ({ state }: RehearsedRequest): boolean => state !== 'open'

test('requests are numbered, the oldest are dropped, and numbers are not used again', () => {
  const log = new RequestLog(2)
  for (let count = 0; count < 3; count += 1) log.add(seen())
  expect(numbers(log)).toEqual([2, 3])
  log.forget()
  log.add(seen())
  expect(numbers(log)).toEqual([4])
})

test('large bodies push older requests out, but never the newest', () => {
  const log = new RequestLog()
  const large = 'x'.repeat(MAX_LOGGED_CHARS / 2)
  for (const body of [large, large, large]) log.add(seen(body))
  expect(numbers(log)).toEqual([2, 3])
  log.add(seen(`${large}${large}x`))
  expect(numbers(log)).toEqual([4])
})

test('waiting ends with a request that was seen, comes, or comes to match', async () => {
  const log = new RequestLog()
  const first = log.add(seen())
  expect(await log.waitFor(() => true, inTime())).toBe(first)
  const second = log.waitFor(({ number }) => number === 2, inTime())
  const over = log.waitFor(isOver, inTime())
  log.add(seen())
  expect((await second).number).toBe(2)
  log.update({ ...first, state: 'closed-early' })
  expect(await over).toMatchObject({ number: 1, state: 'closed-early' })
  expect(log.requests[0]?.state).toBe('closed-early')
})

test('waiting ends with the reason of the signal, or what the question throws', async () => {
  const log = new RequestLog()
  const leaving = new AbortController()
  const left = log.waitFor(() => true, leaving.signal)
  const reason = new Error('enough')
  leaving.abort(reason)
  await expect(left).rejects.toBe(reason)
  await expect(log.waitFor(() => true, leaving.signal)).rejects.toBe(reason)
  const asked = log.waitFor(() => {
    throw new Error('asked wrongly')
  }, inTime())
  log.add(seen())
  await expect(asked).rejects.toThrow('asked wrongly')
})
