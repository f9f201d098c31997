import { expect, test } from 'vitest'
import { asked, echo, named, openConversations, signal, turn } from '../../test/support/open-conversations.ts'
import { forever, text } from '../../test/support/scripted-engine.ts'
import { GatewayError, type ConversationStore } from '../core/index.ts'
import { createConversations } from './conversations.ts'

test('[CV5] a turn is answered once it is stored', async () => {
  const stored = Promise.withResolvers<void>()
  const storing = Promise.withResolvers<void>()
  const { conversations, said } = openConversations(echo, {
    wrap: (store) => ({
      ...store,
      async append(claim, appended) {
        storing.resolve()
        await stored.promise
        return await store.append(claim, appended)
      },
    }),
  })
  let answered = false
  const answer = conversations.say(turn('s', 'a')).then(() => {
    answered = true
  })
  await storing.promise
  expect(answered).toBe(false)
  stored.resolve()
  await answer
  expect(await said(named('s'))).toEqual([['a', 'answer to a']])
})

test('[CV5] [CV15] a turn that cannot be stored is a failure and leaves no trace', async () => {
  const defect = new Error('no space left')
  let broken = false
  const { conversations, heard } = openConversations(echo, {
    wrap: (store) => ({
      ...store,
      async append(claim, appended) {
        if (broken) throw defect
        return await store.append(claim, appended)
      },
    }),
  })
  for (const message of ['a', 'b']) {
    broken = true
    await expect(conversations.say(turn('s', `lost ${message}`))).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: defect,
    })
    broken = false
    await conversations.say(turn('s', message))
  }
  expect(heard(-1)).toEqual(asked('a', 'b'))
})

const OPERATIONS = ['get', 'claim', 'append'] as const satisfies readonly (keyof ConversationStore)[]

test.each(OPERATIONS)('[CV15] a store whose %s fails is the failure `store_unavailable`', async (operation) => {
  const defect = new Error('secret host refused')
  const { conversations, observer } = openConversations(echo, {
    wrap: (store) => ({ ...store, [operation]: () => Promise.reject(defect) }),
  })
  const failure = await conversations.say(turn('s', 'a')).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'store_unavailable', cause: defect })
  expect(String(failure)).not.toContain('secret')
  expect(observer.seen).toEqual([])
})

test('[CV15] lists, looks and forgetting fail as turns do', async () => {
  const down = (): Promise<never> => Promise.reject(new Error('down'))
  const { conversations } = openConversations(echo, {
    wrap: (store) => ({ ...store, get: down, list: down, delete: down }),
  })
  for (const failing of [
    conversations.get(named('s')),
    conversations.list('t', { limit: 1 }),
    conversations.forget(named('s'), { signal }),
  ])
    await expect(failing).rejects.toMatchObject({ code: 'store_unavailable' })
})

test('[CV15] a store that cannot be opened is told as it says, and tried again with the next turn', async () => {
  const { engine, clock, observer, store } = openConversations()
  const failure = new GatewayError('store_unavailable', 'It cannot be opened.')
  let openings = 0
  const conversations = createConversations({
    engine,
    clock,
    observer,
    stores: async () => {
      if (++openings === 1) throw failure
      return { conversations: store }
    },
  })
  await expect(conversations.say(turn('s', 'a'))).rejects.toBe(failure)
  expect(engine.runs).toEqual([])
  expect(await conversations.say(turn('s', 'a'))).toBe('answer to a')
})

test('[CV15] a claim that cannot be given back is reported and does not change what the caller is told', async () => {
  const busy = new GatewayError('overloaded', 'Busy.')
  const { conversations, observer } = openConversations(() => [busy], {
    wrap: (store) => ({ ...store, release: () => Promise.reject(new Error('down')) }),
  })
  await expect(conversations.say(turn('s', 'a'))).rejects.toBe(busy)
  expect(observer.of('cleanup-failed')).toMatchObject([{ what: 'claim', error: { code: 'store_unavailable' } }])
})

test('[CV5] after a restart the model sees the turns before it', async () => {
  const { start, heard } = openConversations()
  await start().say(turn('s', 'a'))
  await start().say(turn('s', 'b'))
  expect(heard(1)).toEqual(asked('a', 'b'))
})

test('[CV5] closing waits until what is under way is stored', async () => {
  const stored = Promise.withResolvers<void>()
  const storing = Promise.withResolvers<void>()
  const { conversations, said, clock } = openConversations(() => [text('half'), forever()], {
    wrap: (store) => ({
      ...store,
      async append(claim, appended) {
        storing.resolve()
        await stored.promise
        return await store.append(claim, appended)
      },
    }),
  })
  const leaving = new AbortController()
  const events = conversations.stream(turn('s', 'a', { signal: leaving.signal }))[Symbol.asyncIterator]()
  await events.next()
  const left = events.next()
  leaving.abort(new Error('gone'))
  await storing.promise
  let isClosed = false
  const closed = conversations.close().then(() => {
    isClosed = true
  })
  await clock.advance(0)
  expect(isClosed).toBe(false)
  stored.resolve()
  await expect(left).rejects.toThrow('gone')
  await closed
  expect(await said(named('s'))).toEqual([['a', 'half']])
  expect(clock.armed).toBe(0)
})
