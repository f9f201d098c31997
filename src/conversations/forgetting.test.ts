import { expect, test } from 'vitest'
import { asked, echo, named, openConversations, signal, turn } from '../../test/support/open-conversations.ts'
import { GatewayError } from '../core/index.ts'

test('[CV6] a conversation that is forgotten is gone, and no other', async () => {
  const { conversations, heard, store } = openConversations()
  await conversations.say(turn('s', 'a'))
  await conversations.say(turn('other', 'x'))
  expect(await conversations.forget(named('s'), { signal })).toBe(true)
  expect(await store.get(named('s'))).toBeUndefined()
  expect(await conversations.forget(named('s'), { signal })).toBe(false)
  await conversations.say(turn('s', 'b'))
  expect(heard(-1)).toEqual(asked('b'))
  await conversations.say(turn('other', 'y'))
  expect(heard(-1)).toEqual(asked('x', 'y'))
})

test('[CV6] forgetting what never was, or never was answered, says so', async () => {
  const { conversations, clock } = openConversations(() => [new GatewayError('timeout', 'Late.')])
  expect(await conversations.forget(named('s'), { signal })).toBe(false)
  await expect(conversations.say(turn('s', 'a'))).rejects.toMatchObject({ code: 'timeout' })
  expect(await conversations.forget(named('s'), { signal })).toBe(false)
  expect(clock.armed).toBe(0)
})

test('[CV6] forgetting waits for the turn under way, and the turns after it begin anew', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, said } = openConversations((seen) => [gate.promise, ...echo(seen)])
  const answer = conversations.say(turn('s', 'a'))
  await engine.started(0)
  const forgotten = conversations.forget(named('s'), { signal })
  const after = conversations.say(turn('s', 'b'))
  gate.resolve()
  expect([await answer, await forgotten, await after]).toEqual(['answer to a', true, 'answer to b'])
  expect(await said(named('s'))).toEqual([['b', 'answer to b']])
})

test('[CV6] who leaves while waiting to forget forgets nothing', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, said } = openConversations((seen) => [gate.promise, ...echo(seen)])
  const answer = conversations.say(turn('s', 'a'))
  await engine.started(0)
  const reason = new Error('gone')
  const leaving = new AbortController()
  const forgotten = conversations.forget(named('s'), { signal: leaving.signal })
  leaving.abort(reason)
  await expect(forgotten).rejects.toBe(reason)
  gate.resolve()
  await answer
  expect(await said(named('s'))).toHaveLength(1)
})

test('[CV9] [CV10] conversations can be looked at and listed, those of one tenant', async () => {
  const { conversations, store, clock } = openConversations()
  for (const id of ['a', 'b', 'c']) {
    await clock.advance(1000)
    await conversations.say(turn(id, 'hello'))
  }
  await conversations.say(turn('a', 'theirs', { tenant: 'u' }))
  expect(await conversations.get(named('b'))).toEqual(await store.get(named('b')))
  expect(await conversations.get(named('b', 'u'))).toBeUndefined()
  const first = await conversations.list('t', { limit: 2 })
  expect(first.items.map(({ id }) => id)).toEqual(['c', 'b'])
  expect((await conversations.list('t', { limit: 2, after: first.next ?? '' })).items.map(({ id }) => id)).toEqual([
    'a',
  ])
})

test('[CV9] a conversation can be looked at while a turn of it is under way', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine } = openConversations((seen, index) => [
    ...(index === 1 ? [gate.promise] : []),
    ...echo(seen),
  ])
  await conversations.say(turn('s', 'a'))
  const said = conversations.say(turn('s', 'b'))
  await engine.started(1)
  expect((await conversations.get(named('s')))?.turns).toHaveLength(1)
  gate.resolve()
  await said
  expect((await conversations.get(named('s')))?.turns).toHaveLength(2)
})
