/** Two gateways on one store: each has a clock of its own, the store counts by that of the second. */
import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { nothingKept } from '../../test/support/memory-conversations.ts'
import {
  asked,
  echo,
  EXTEND_MS,
  LEASE_MS,
  named,
  openConversations,
  signal,
  TRY_MS,
  turn,
  TURN_MS,
  type OpenOptions,
} from '../../test/support/open-conversations.ts'
import { end, forever, text, type Step } from '../../test/support/scripted-engine.ts'
import type { ConversationStore, History } from '../core/index.ts'

type Script = (heard: History, index: number) => readonly Step[]

function openTwo(first: Script, second: Script = echo, options: OpenOptions = {}) {
  const kept = nothingKept()
  const storeClock = createManualClock()
  const shared = { kept, storeClock }
  return {
    kept,
    one: openConversations(first, { ...shared, ...options }),
    two: openConversations(second, { ...shared, clock: storeClock }),
  }
}

const late =
  (gate: Promise<unknown>): Script =>
  () => [text('late'), gate, end('late')]

const takenOver = {
  code: 'store_unavailable',
  message: 'Another server took this conversation over. Send the turn again.',
}

test('[CV3] [CV12] a turn waits for one that another gateway has under way, and sees it', async () => {
  const gate = Promise.withResolvers<void>()
  const { one, two } = openTwo((heard) => [gate.promise, ...echo(heard)])
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  const second = two.conversations.say(turn('s', 'b'))
  await two.clock.advance(10 * TRY_MS)
  expect(two.engine.runs).toEqual([])
  gate.resolve()
  expect(await first).toBe('answer to a')
  await two.clock.advance(TRY_MS)
  expect(await second).toBe('answer to b')
  expect(two.heard(0)).toEqual(asked('a', 'b'))
})

test('[CV12] conversations and tenants that others have under way are not waited for', async () => {
  const { one, two } = openTwo(() => [forever()])
  const leaving = new AbortController()
  const first = one.conversations.say(turn('s', 'a', { signal: leaving.signal }))
  await one.engine.started(0)
  expect(await two.conversations.say(turn('x', 'b'))).toBe('answer to b')
  expect(await two.conversations.say(turn('s', 'b', { tenant: 'u' }))).toBe('answer to b')
  leaving.abort(new Error('gone'))
  await expect(first).rejects.toThrow('gone')
})

test('[CV12] a gateway that is alive keeps a long turn', async () => {
  const gate = Promise.withResolvers<void>()
  const { one, two } = openTwo(late(gate.promise))
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  const second = two.conversations.say(turn('s', 'b'))
  for (let passedMs = 0; passedMs < TURN_MS - EXTEND_MS; passedMs += EXTEND_MS) {
    await one.clock.advance(EXTEND_MS)
    await two.clock.advance(EXTEND_MS)
  }
  expect(two.engine.runs).toEqual([])
  gate.resolve()
  expect(await first).toBe('late')
  await two.clock.advance(TRY_MS)
  expect(await second).toBe('answer to b')
  expect([one.clock.armed, two.clock.armed]).toEqual([0, 0])
})

test('[CV12] a gateway that was presumed dead writes nothing over its successor when it wakes up in mid-answer', async () => {
  const { one, two } = openTwo(late(forever()))
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  const second = two.conversations.say(turn('s', 'b'))
  await two.clock.advance(LEASE_MS - 1)
  expect(two.engine.runs).toEqual([])
  await two.clock.advance(TRY_MS)
  expect(await second).toBe('answer to b')
  const failure = first.catch((error: unknown) => error)
  await one.clock.advance(EXTEND_MS)
  expect(await failure).toMatchObject(takenOver)
  expect(one.engine.runs[0]?.signal.aborted).toBe(true)
  await one.engine.runs[0]?.ended
  expect(await two.said(named('s'))).toEqual([['b', 'answer to b']])
  expect(one.clock.armed).toBe(0)
})

test('[CV12] nor when it wakes up with its answer whole', async () => {
  const gate = Promise.withResolvers<void>()
  const { one, two } = openTwo(late(gate.promise))
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  await two.clock.advance(LEASE_MS)
  expect(await two.conversations.say(turn('s', 'b'))).toBe('answer to b')
  const failure = first.catch((error: unknown) => error)
  gate.resolve()
  expect(await failure).toMatchObject(takenOver)
  expect(await two.said(named('s'))).toEqual([['b', 'answer to b']])
})

test('[CV12] nor while its successor is at work, whose turn it leaves alone', async () => {
  const [gate, answering] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { one, two } = openTwo(late(gate.promise), (heard) => [answering.promise, ...echo(heard)])
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  await two.clock.advance(LEASE_MS)
  const second = two.conversations.say(turn('s', 'b'))
  await two.engine.started(0)
  const failure = first.catch((error: unknown) => error)
  gate.resolve()
  expect(await failure).toMatchObject(takenOver)
  // It has not given back what is not its own.
  expect(await two.store.claim(named('s'), { leaseMs: 1 })).toBeUndefined()
  answering.resolve()
  expect(await second).toBe('answer to b')
  expect(await two.said(named('s'))).toEqual([['b', 'answer to b']])
})

test('[CV12] [CV14] nor what it had delivered when its caller left', async () => {
  const { one, two } = openTwo(late(forever()))
  const events = one.conversations.stream(turn('s', 'a'))[Symbol.asyncIterator]()
  await events.next()
  await two.clock.advance(LEASE_MS)
  expect(await two.conversations.say(turn('s', 'b'))).toBe('answer to b')
  await expect(events.return?.()).rejects.toMatchObject(takenOver)
  expect(await two.said(named('s'))).toEqual([['b', 'answer to b']])
})

test('[CV6] [CV12] nor to a conversation that was forgotten meanwhile', async () => {
  const gate = Promise.withResolvers<void>()
  const { one, two } = openTwo(late(gate.promise))
  await two.conversations.say(turn('s', 'before'))
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  await two.clock.advance(LEASE_MS)
  expect(await two.conversations.forget(named('s'), { signal })).toBe(true)
  const failure = first.catch((error: unknown) => error)
  gate.resolve()
  expect(await failure).toMatchObject(takenOver)
  expect(await two.store.get(named('s'))).toBeUndefined()
})

test('[CV12] a gateway that was presumed dead, but whose conversation nobody wanted, goes on', async () => {
  const gate = Promise.withResolvers<void>()
  const { one, two } = openTwo(late(gate.promise))
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  await two.clock.advance(10 * LEASE_MS)
  await one.clock.advance(10 * LEASE_MS)
  gate.resolve()
  expect(await first).toBe('late')
  expect(await two.said(named('s'))).toEqual([['a', 'late']])
})

test('[CV12] [CV15] a store that does not answer for a while costs no turn', async () => {
  const gate = Promise.withResolvers<void>()
  let isDown = false
  const { one, two } = openTwo(late(gate.promise), echo, {
    wrap: (store: ConversationStore) => ({
      ...store,
      extend: (claim, options) => (isDown ? Promise.reject(new Error('down')) : store.extend(claim, options)),
    }),
  })
  const first = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  isDown = true
  await one.clock.advance(2 * EXTEND_MS)
  isDown = false
  await one.clock.advance(EXTEND_MS)
  expect(one.observer.of('cleanup-failed')).toMatchObject([{ what: 'claim' }, { what: 'claim' }])
  await two.clock.advance(LEASE_MS - 1)
  gate.resolve()
  expect(await first).toBe('late')
})

test('[CV12] who waits for another gateway waits as long as a turn may take', async () => {
  const { one, two } = openTwo(() => [forever()])
  const leaving = new AbortController()
  const first = one.conversations.say(turn('s', 'a', { signal: leaving.signal }))
  await one.engine.started(0)
  const second = two.conversations.say(turn('s', 'b'))
  const failure = second.catch((error: unknown) => error)
  for (let passedMs = 0; passedMs <= TURN_MS; passedMs += EXTEND_MS) {
    await one.clock.advance(EXTEND_MS)
    await two.clock.advance(EXTEND_MS)
  }
  expect(await failure).toMatchObject({
    code: 'timeout',
    message: 'Another turn of this conversation is still under way. Try again.',
  })
  expect([two.engine.runs.length, two.clock.armed]).toEqual([0, 0])
  leaving.abort(new Error('gone'))
  await expect(first).rejects.toThrow('gone')
})

test('[CV4] [CV12] who leaves while another gateway is waited for leaves nothing behind', async () => {
  const { one, two, kept } = openTwo(() => [forever()])
  const stopping = new AbortController()
  const first = one.conversations.say(turn('s', 'a', { signal: stopping.signal }))
  await one.engine.started(0)
  const leaving = new AbortController()
  const waiting = [
    two.conversations.say(turn('s', 'b', { signal: leaving.signal })),
    two.conversations.forget(named('s'), { signal: leaving.signal }),
  ]
  await two.clock.untilArmed(TRY_MS)
  const reason = new Error('gone')
  leaving.abort(reason)
  for (const each of waiting) await expect(each).rejects.toBe(reason)
  expect(two.clock.armed).toBe(0)
  stopping.abort(reason)
  await expect(first).rejects.toBe(reason)
  expect([kept.claims.size, kept.texts.size]).toEqual([0, 0])
})

test('[CV6] [CV12] forgetting waits for the turn that another gateway has under way', async () => {
  const gate = Promise.withResolvers<void>()
  const { one, two } = openTwo((heard) => [gate.promise, ...echo(heard)])
  const said = one.conversations.say(turn('s', 'a'))
  await one.engine.started(0)
  const forgotten = two.conversations.forget(named('s'), { signal })
  await two.clock.advance(5 * TRY_MS)
  gate.resolve()
  expect(await said).toBe('answer to a')
  await two.clock.advance(TRY_MS)
  expect(await forgotten).toBe(true)
  expect(await two.store.get(named('s'))).toBeUndefined()
})

test('[CV5] [CV12] a gateway that is killed in mid-turn loses that turn and no other', async () => {
  const { one, two } = openTwo((heard) => (heard.at(-1)?.text === 'killed' ? [text('half'), forever()] : echo(heard)))
  await one.conversations.say(turn('s', 'a'))
  // Nobody goes on with these turns.
  void one.conversations.say(turn('s', 'killed'))
  void one.conversations.say(turn('new', 'killed'))
  await one.engine.started(2)
  await two.clock.advance(LEASE_MS)
  await two.conversations.say(turn('s', 'b'))
  await two.conversations.say(turn('new', 'b'))
  expect([two.heard(0), two.heard(1)]).toEqual([asked('a', 'b'), asked('b')])
})
