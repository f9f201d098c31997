import { expect, test } from 'vitest'
import { echo, named, openConversations, turn } from '../../test/support/open-conversations.ts'
import { text } from '../../test/support/scripted-engine.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

test('[CV11] what has had no turn for as long as it is kept is removed within an hour', async () => {
  const { conversations, clock, said } = openConversations(echo, { ttlMs: 2 * DAY_MS })
  await conversations.say(turn('old', 'a'))
  await conversations.say(turn('used', 'a'))
  await clock.advance(DAY_MS)
  await conversations.say(turn('used', 'b'))
  await clock.advance(DAY_MS)
  expect(await said(named('old'))).toHaveLength(1)
  await clock.advance(HOUR_MS)
  expect(await said(named('old'))).toEqual([])
  expect(await said(named('used'))).toHaveLength(2)
  await clock.advance(DAY_MS)
  expect(await said(named('used'))).toEqual([])
  await conversations.close()
  expect(clock.armed).toBe(0)
})

test('[CV11] what is too old at the start goes with the first use of the store', async () => {
  const { start, conversations, clock, said } = openConversations(echo, { ttlMs: DAY_MS })
  await conversations.say(turn('old', 'a'))
  await conversations.close()
  await clock.advance(2 * DAY_MS)
  expect(await said(named('old'))).toHaveLength(1)
  const next = start()
  await next.list('t', { limit: 1 })
  await next.close()
  expect(await said(named('old'))).toEqual([])
})

test('[CV11] where nothing is said of it they are kept until they are forgotten', async () => {
  const { conversations, clock, said } = openConversations()
  await conversations.say(turn('s', 'a'))
  expect(clock.armed).toBe(0)
  await clock.advance(10_000 * DAY_MS)
  await conversations.get(named('s'))
  expect(await said(named('s'))).toHaveLength(1)
})

test('[CV11] a store that nobody uses is not opened, and one that is used is swept no more than hourly', async () => {
  const sweeps: number[] = []
  const { conversations, clock, openings } = openConversations(echo, {
    ttlMs: DAY_MS,
    wrap: (store) => ({
      ...store,
      async deleteIdle(options) {
        sweeps.push(options.updatedBeforeMs)
        return await store.deleteIdle(options)
      },
    }),
  })
  await clock.advance(10 * DAY_MS)
  expect([openings(), clock.armed]).toEqual([0, 0])
  const startMs = clock.nowMs()
  for (const id of ['a', 'b', 'c']) await conversations.say(turn(id, 'x'))
  await clock.advance(HOUR_MS - 1)
  await conversations.say(turn('d', 'x'))
  expect(sweeps).toEqual([startMs - DAY_MS])
  await clock.advance(1)
  expect(sweeps).toEqual([startMs - DAY_MS, startMs + HOUR_MS - DAY_MS])
  await conversations.close()
  await conversations.get(named('a'))
  await clock.advance(DAY_MS)
  expect(sweeps).toHaveLength(2)
})

test('[CV11] a sweep that fails is reported and tried again in an hour; a turn under way outlives it', async () => {
  let isDown = true
  const gate = Promise.withResolvers<void>()
  const { conversations, clock, observer, said, engine } = openConversations(
    (heard, index) => [...(index === 1 ? [text('x'), gate.promise] : []), ...echo(heard)],
    {
      ttlMs: DAY_MS,
      wrap: (store) => ({
        ...store,
        deleteIdle: (options) => (isDown ? Promise.reject(new Error('down')) : store.deleteIdle(options)),
      }),
    },
  )
  await conversations.say(turn('held', 'a'))
  expect(observer.of('cleanup-failed')).toMatchObject([{ what: 'conversations', error: { code: 'store_unavailable' } }])
  isDown = false
  const late = conversations.say(turn('held', 'b'))
  await engine.started(1)
  await clock.advance(2 * DAY_MS)
  expect(await said(named('held'))).toHaveLength(1)
  gate.resolve()
  await late
  expect(await said(named('held'))).toHaveLength(2)
  await conversations.close()
})
