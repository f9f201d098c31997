import { expect, test } from 'vitest'
import {
  asked,
  echo,
  named,
  openConversations,
  signal,
  talker,
  turn,
  TURN_MS,
} from '../../test/support/open-conversations.ts'
import { end, forever, text } from '../../test/support/scripted-engine.ts'
import type { Agent } from '../core/index.ts'

test('[CV1] a turn is answered, and the model sees all earlier turns of the session', async () => {
  const { conversations, engine, heard, said } = openConversations()
  expect(await conversations.say(turn('s', 'Здравей 🙂'))).toBe('answer to Здравей 🙂')
  await conversations.say(turn('s', 'b'))
  await conversations.say(turn('s', 'c'))
  expect([heard(0), heard(1), heard(2)]).toEqual([
    asked('Здравей 🙂'),
    asked('Здравей 🙂', 'b'),
    asked('Здравей 🙂', 'b', 'c'),
  ])
  expect(engine.runs[0]?.request).toStrictEqual({
    tenant: 't',
    agent: talker,
    model: 'haiku',
    limits: { turnMs: TURN_MS },
    history: asked('Здравей 🙂'),
  })
  expect(await said(named('s'))).toEqual([
    ['Здравей 🙂', 'answer to Здравей 🙂'],
    ['b', 'answer to b'],
    ['c', 'answer to c'],
  ])
})

test('[LM13] a conversation that has become too long takes no further turn', async () => {
  const { conversations, engine, said } = openConversations(() => [text('yes'), end('yes')])
  for (const nth of [1, 2]) await conversations.say(turn('s', `${nth}`.repeat(900_000)))
  await expect(conversations.say(turn('s', '3'.repeat(900_000)))).rejects.toMatchObject({
    code: 'context_length_exceeded',
    message: 'The conversation is longer than 2,000,000 characters. Begin a new one.',
  })
  expect([(await said(named('s')))?.length, engine.runs.length]).toEqual([2, 2])
})

test('[CV1] [CV9] a turn is kept with its model, agent, usage, cost and times', async () => {
  const usage = { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4, reasoningTokens: 5 }
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, clock, turnsOf } = openConversations(() => [
    text('yes'),
    gate.promise,
    end('yes', { usage, costUsd: 0.01 }),
  ])
  const askedAtMs = clock.nowMs()
  const said = conversations.say(turn('s', 'a'))
  await engine.started(0)
  await clock.advance(1234)
  gate.resolve()
  await said
  expect(await turnsOf(named('s'))).toStrictEqual([
    {
      user: 'a',
      assistant: 'yes',
      interrupted: false,
      agent: 'conversational',
      model: 'haiku',
      usage,
      costUsd: 0.01,
      askedAtMs,
      answeredAtMs: askedAtMs + 1234,
    },
  ])
})

test('[CV1] sessions know nothing of each other, however alike their names are', async () => {
  const { conversations, heard } = openConversations()
  const ids = ['s', 'S', 's ', '', '../s', 's/', '🙂', 'é', 'e\u0301', 'Ж'.repeat(256), '__proto__']
  for (const id of ids) await conversations.say(turn(id, `first of ${id}`))
  for (const id of ids) {
    await conversations.say(turn(id, 'second'))
    expect(heard(-1)).toEqual(asked(`first of ${id}`, 'second'))
  }
})

test('[CV1] a turn may take another model; the turns before are seen all the same', async () => {
  const { conversations, heard, engine } = openConversations()
  await conversations.say(turn('s', 'a'))
  await conversations.say(turn('s', 'b', { model: 'opus' }))
  expect([engine.runs[1]?.request.model, heard(1)]).toEqual(['opus', asked('a', 'b')])
})

test('[CV1] a turn may take another agent, which sees the turns before and answers as itself', async () => {
  const { conversations, heard, engine } = openConversations()
  const other: Agent = { ...talker, name: 'other', prompt: 'Be brief.' }
  for (const agent of [talker, other, other, talker, { ...talker, prompt: 'Be new.' }])
    await conversations.say(turn('s', 'again', { agent }))
  expect(engine.runs.map(({ request }) => request.agent.name)).toEqual([
    'conversational',
    'other',
    'other',
    'conversational',
    'conversational',
  ])
  expect(heard(4)).toEqual(asked('again', 'again', 'again', 'again', 'again'))
})

test('[CV3] turns of one session run one after the other, in the order they came', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, heard } = openConversations((seen, index) => [
    ...(index === 0 ? [gate.promise] : []),
    ...echo(seen),
  ])
  const order: string[] = []
  const said = ['a', 'b', 'c'].map(async (message) => order.push(await conversations.say(turn('s', message))))
  await engine.started(0)
  expect(engine.runs).toHaveLength(1)
  gate.resolve()
  await Promise.all(said)
  expect(order).toEqual(['answer to a', 'answer to b', 'answer to c'])
  expect([heard(0), heard(1), heard(2)]).toEqual([asked('a'), asked('a', 'b'), asked('a', 'b', 'c')])
})

test('[CV3] turns of different sessions run side by side', async () => {
  const { conversations, engine } = openConversations((seen) => (seen[0]?.text === 'slow' ? [forever()] : echo(seen)))
  const leaving = new AbortController()
  const slow = conversations.say(turn('slow', 'slow', { signal: leaving.signal }))
  await engine.started(0)
  expect(await conversations.say(turn('quick', 'a'))).toBe('answer to a')
  leaving.abort(new Error('gone'))
  await expect(slow).rejects.toThrow('gone')
})

test('[AU3] two tenants have each a conversation of their own under one id', async () => {
  const { conversations, engine, heard, said } = openConversations()
  const [mine, theirs] = [named('s', 'one'), named('s', 'two')]
  await conversations.say(turn('s', 'mine', mine))
  await conversations.say(turn('s', 'theirs', theirs))
  expect([heard(1), engine.runs[1]?.request.tenant]).toEqual([asked('theirs'), 'two'])
  await conversations.say(turn('s', 'mine again', mine))
  expect([heard(2), engine.runs[2]?.request.tenant]).toEqual([asked('mine', 'mine again'), 'one'])
  expect(await conversations.forget(theirs, { signal })).toBe(true)
  expect(await conversations.forget(theirs, { signal })).toBe(false)
  expect(await said(mine)).toHaveLength(2)
})

test('[AU3] [CV3] a turn of one tenant does not wait for one of another under the same id', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine } = openConversations((seen, index) => [
    ...(index === 0 ? [gate.promise] : []),
    ...echo(seen),
  ])
  const slow = conversations.say(turn('s', 'slow', { tenant: 'one' }))
  await engine.started(0)
  expect(await conversations.say(turn('s', 'a', { tenant: 'two' }))).toBe('answer to a')
  expect(await conversations.forget(named('s', 'two'), { signal })).toBe(true)
  gate.resolve()
  expect(await slow).toBe('answer to slow')
})
