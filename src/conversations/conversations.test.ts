import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeConversationStore } from '../../test/support/describe-conversation-store.ts'
import { createMemoryConversations } from '../../test/support/memory-conversations.ts'
import { createScriptedEngine, end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { GatewayError, type Agent, type ConversationName, type ConversationStore, type History } from '../core/index.ts'
import { createConversations, type Say } from './conversations.ts'

describeConversationStore('memory', async () => {
  const disk = new Map<string, string>()
  return { store: createMemoryConversations(disk), reopen: async () => createMemoryConversations(disk) }
})

const echo = (heard: History): readonly Step[] => says(`answer to ${heard.at(-1)?.text}`)
const talker: Agent = { name: 'conversational', description: 'd', prompt: 'Be kind.', tools: [] }
const { signal } = new AbortController()
const named = (id: string, tenant = 't'): ConversationName => ({ tenant, id })
const turn = (id: string, message: string, rest: Partial<Say> = {}): Say => ({
  ...named(id),
  message,
  agent: talker,
  model: 'haiku',
  limits: { turnMs: 1000 },
  signal,
  ...rest,
})

/** The history of turns that were answered by `echo`, and of one more that is asked. */
const asked = (...messages: readonly string[]): History =>
  messages
    .flatMap((said): History => [
      { role: 'user', text: said },
      { role: 'assistant', text: `answer to ${said}` },
    ])
    .slice(0, -1)

function open(
  script: (heard: History, index: number) => readonly Step[] = echo,
  store: ConversationStore = createMemoryConversations(),
) {
  const engine = createScriptedEngine(({ history }, index) => script(history, index))
  const start = () => createConversations({ engine, store })
  const heard = (index: number): History | undefined => engine.runs.at(index)?.request.history
  return { engine, store, heard, start, conversations: start() }
}

test('[CV1] a turn is answered, and the model sees all earlier turns of the session', async () => {
  const { conversations, engine, store, heard } = open()
  expect(await conversations.say(turn('s', 'Здравей 🙂'))).toBe('answer to Здравей 🙂')
  expect(heard(0)).toEqual([{ role: 'user', text: 'Здравей 🙂' }])
  await conversations.say(turn('s', 'b'))
  await conversations.say(turn('s', 'c'))
  expect(heard(1)).toEqual(asked('Здравей 🙂', 'b'))
  expect(heard(2)).toEqual(asked('Здравей 🙂', 'b', 'c'))
  expect(await store.get(named('s'))).toStrictEqual({
    ...named('s'),
    turns: [
      { user: 'Здравей 🙂', assistant: 'answer to Здравей 🙂' },
      { user: 'b', assistant: 'answer to b' },
      { user: 'c', assistant: 'answer to c' },
    ],
  })
  expect(engine.runs.map(({ request, signal: given }) => [request, given])).toStrictEqual(
    [asked('Здравей 🙂'), asked('Здравей 🙂', 'b'), asked('Здравей 🙂', 'b', 'c')].map((history) => [
      { tenant: 't', agent: talker, model: 'haiku', limits: { turnMs: 1000 }, history },
      signal,
    ]),
  )
})

test('[CV1] sessions know nothing of each other, however alike their names are', async () => {
  const { conversations, heard } = open()
  const ids = ['s', 'S', 's ', '', '../s', 's/', '🙂', 'é', 'e\u0301', 'Ж'.repeat(256), '__proto__']
  for (const id of ids) await conversations.say(turn(id, `first of ${id}`))
  for (const id of ids) {
    await conversations.say(turn(id, 'second'))
    expect(heard(-1)).toEqual(asked(`first of ${id}`, 'second'))
  }
})

test('[CV1] a turn may take another model; the turns before are seen all the same', async () => {
  const { conversations, heard, engine } = open()
  await conversations.say(turn('s', 'a'))
  await conversations.say(turn('s', 'b', { model: 'opus' }))
  expect([engine.runs[1]?.request.model, heard(1)]).toEqual(['opus', asked('a', 'b')])
})

test('[CV1] a turn may take another agent, which sees the turns before and answers as itself', async () => {
  const { conversations, heard, engine } = open()
  const other: Agent = { ...talker, name: 'other', prompt: 'Be brief.' }
  for (const agent of [talker, other, other, talker, { ...talker, prompt: 'Be new.' }]) {
    await conversations.say(turn('s', 'again', { agent }))
  }
  expect(engine.runs.map(({ request }) => request.agent.name)).toEqual([
    'conversational',
    'other',
    'other',
    'conversational',
    'conversational',
  ])
  expect(engine.runs.map(({ request }) => request.history.length)).toEqual([1, 3, 5, 7, 9])
  expect(heard(4)).toEqual(asked('again', 'again', 'again', 'again', 'again'))
})

test('[CV3] turns of one session run one after the other, in the order they came', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, heard } = open((seen, index) => [
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
  const { conversations, engine } = open((seen) => (seen[0]?.text === 'slow' ? [forever()] : echo(seen)))
  const leaving = new AbortController()
  const slow = conversations.say(turn('slow', 'slow', { signal: leaving.signal }))
  await engine.started(0)
  expect(await conversations.say(turn('quick', 'a'))).toBe('answer to a')
  leaving.abort(new Error('gone'))
  await expect(slow).rejects.toThrow('gone')
})

test('[CV4] a turn that failed leaves no trace and can be tried again, the first one too', async () => {
  const failure = new GatewayError('overloaded', 'Busy.')
  const failing = new Set([0, 2, 3, 5])
  const { conversations, heard, store } = open((seen, index) =>
    failing.has(index) ? [text('half'), { type: 'turn-failed', error: failure }] : echo(seen),
  )
  await expect(conversations.say(turn('s', 'a'))).rejects.toBe(failure)
  expect(await store.get(named('s'))).toBeUndefined()
  expect(await conversations.say(turn('s', 'a'))).toBe('answer to a')
  expect(heard(1)).toEqual(asked('a'))
  const kept = await store.get(named('s'))
  for (const message of ['b', 'c']) {
    await expect(conversations.say(turn('s', message))).rejects.toBe(failure)
    expect(await store.get(named('s'))).toEqual(kept)
  }
  expect(await conversations.say(turn('s', 'd'))).toBe('answer to d')
  expect(heard(4)).toEqual(asked('a', 'd'))
  await expect(conversations.say(turn('s', 'e'))).rejects.toBe(failure)
  await conversations.say(turn('s', 'e'))
  expect(heard(6)).toEqual(asked('a', 'd', 'e'))
})

test('[CV4] a turn that fails before it says anything leaves no trace', async () => {
  const { conversations, heard } = open((seen, index) =>
    index === 1 ? [new GatewayError('timeout', 'Late.')] : echo(seen),
  )
  await conversations.say(turn('s', 'a'))
  await expect(conversations.say(turn('s', 'b'))).rejects.toMatchObject({ code: 'timeout' })
  await conversations.say(turn('s', 'c'))
  expect(heard(2)).toEqual(asked('a', 'c'))
})

test('[CV4] a turn that was broken off leaves no trace, and its abort surfaces as its reason', async () => {
  const { conversations, engine, heard, store } = open((seen) =>
    seen.at(-1)?.text.startsWith('break') === true ? [text('half'), forever()] : echo(seen),
  )
  for (const first of ['break 1', 'break 2']) {
    const leaving = new AbortController()
    const broken = conversations.say(turn('s', first, { signal: leaving.signal }))
    const run = await engine.started(engine.runs.length)
    const reason = new Error('gone')
    leaving.abort(reason)
    await expect(broken).rejects.toBe(reason)
    await run.ended
    await conversations.say(turn('s', `after ${first}`))
  }
  expect(heard(-1)).toEqual(asked('after break 1', 'after break 2'))
  expect((await store.get(named('s')))?.turns).toHaveLength(2)
})

test('[CV4] a turn that is broken off while it waits for another is never run', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, heard } = open((seen, index) => [
    ...(index === 0 ? [gate.promise] : []),
    ...echo(seen),
  ])
  const first = conversations.say(turn('s', 'a'))
  await engine.started(0)
  const leaving = new AbortController()
  const second = conversations.say(turn('s', 'b', { signal: leaving.signal }))
  const third = conversations.say(turn('s', 'c'))
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(second).rejects.toBe(reason)
  gate.resolve()
  await first
  await third
  expect(engine.runs).toHaveLength(2)
  expect(heard(1)).toEqual(asked('a', 'c'))
})

test('[AU3] two tenants have each a conversation of their own under one id', async () => {
  const { conversations, engine, heard, store } = open()
  const [mine, theirs] = [named('s', 'one'), named('s', 'two')]
  await conversations.say(turn('s', 'mine', mine))
  await conversations.say(turn('s', 'theirs', theirs))
  expect([heard(1), engine.runs[1]?.request.tenant]).toEqual([asked('theirs'), 'two'])
  await conversations.say(turn('s', 'mine again', mine))
  expect([heard(2), engine.runs[2]?.request.tenant]).toEqual([asked('mine', 'mine again'), 'one'])
  expect(await conversations.forget(theirs, { signal })).toBe(true)
  expect(await conversations.forget(theirs, { signal })).toBe(false)
  expect((await store.get(mine))?.turns).toHaveLength(2)
})

test('[AU3] [CV3] a turn of one tenant does not wait for one of another under the same id', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine } = open((seen, index) => [...(index === 0 ? [gate.promise] : []), ...echo(seen)])
  const slow = conversations.say(turn('s', 'slow', { tenant: 'one' }))
  await engine.started(0)
  expect(await conversations.say(turn('s', 'a', { tenant: 'two' }))).toBe('answer to a')
  expect(await conversations.forget(named('s', 'two'), { signal })).toBe(true)
  gate.resolve()
  expect(await slow).toBe('answer to slow')
})

test('[CV5] a turn is answered once it is stored', async () => {
  const inner = createMemoryConversations()
  const stored = Promise.withResolvers<void>()
  const storing = Promise.withResolvers<void>()
  const { conversations } = open(echo, {
    ...inner,
    async put(conversation) {
      storing.resolve()
      await stored.promise
      await inner.put(conversation)
    },
  })
  let answered = false
  const said = conversations.say(turn('s', 'a')).then(() => {
    answered = true
  })
  await storing.promise
  expect(answered).toBe(false)
  stored.resolve()
  await said
  expect((await inner.get(named('s')))?.turns).toEqual([{ user: 'a', assistant: 'answer to a' }])
})

test('[CV5] a turn that cannot be stored is a failure and leaves no trace', async () => {
  const inner = createMemoryConversations()
  let broken = false
  const { conversations, heard } = open(echo, {
    ...inner,
    async put(conversation) {
      if (broken) throw new Error('no space left')
      await inner.put(conversation)
    },
  })
  for (const message of ['a', 'b']) {
    broken = true
    await expect(conversations.say(turn('s', `lost ${message}`))).rejects.toThrow('no space left')
    broken = false
    await conversations.say(turn('s', message))
  }
  expect(heard(-1)).toEqual(asked('a', 'b'))
})

test('[CV5] after a restart the model sees the turns before it', async () => {
  const { start, heard } = open()
  await start().say(turn('s', 'a'))
  await start().say(turn('s', 'b'))
  expect(heard(1)).toEqual(asked('a', 'b'))
})

test('[CV5] a server that is killed in mid-turn loses that turn and no other', async () => {
  const { start, heard, engine } = open((seen) =>
    seen.at(-1)?.text === 'killed' ? [text('half'), forever()] : echo(seen),
  )
  await start().say(turn('s', 'a'))
  for (const id of ['s', 'new']) {
    // Nobody goes on with this turn; the next server knows nothing of it.
    void start().say(turn(id, 'killed'))
    await engine.started(engine.runs.length)
    await start().say(turn(id, 'b'))
  }
  expect(heard(2)).toEqual(asked('a', 'b'))
  expect(heard(4)).toEqual(asked('b'))
})

test('[CV6] a conversation that is forgotten is gone, and no other', async () => {
  const { conversations, heard, store } = open()
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
  const { conversations } = open(() => [new GatewayError('timeout', 'Late.')])
  expect(await conversations.forget(named('s'), { signal })).toBe(false)
  await expect(conversations.say(turn('s', 'a'))).rejects.toMatchObject({ code: 'timeout' })
  expect(await conversations.forget(named('s'), { signal })).toBe(false)
})

test('[CV6] forgetting waits for the turn under way, and the turns after it begin anew', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, store } = open((seen) => [gate.promise, ...echo(seen)])
  const said = conversations.say(turn('s', 'a'))
  await engine.started(0)
  const forgotten = conversations.forget(named('s'), { signal })
  const after = conversations.say(turn('s', 'b'))
  gate.resolve()
  expect(await said).toBe('answer to a')
  expect(await forgotten).toBe(true)
  expect(await after).toBe('answer to b')
  expect((await store.get(named('s')))?.turns).toEqual([{ user: 'b', assistant: 'answer to b' }])
})

test('[CV6] who leaves while waiting to forget forgets nothing', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, store } = open((seen) => [gate.promise, ...echo(seen)])
  const said = conversations.say(turn('s', 'a'))
  await engine.started(0)
  const reason = new Error('gone')
  const leaving = new AbortController()
  const forgotten = conversations.forget(named('s'), { signal: leaving.signal })
  leaving.abort(reason)
  await expect(forgotten).rejects.toBe(reason)
  gate.resolve()
  await said
  expect((await store.get(named('s')))?.turns).toHaveLength(1)
})

test('[CV5] whatever happens between turns, the model sees the answered ones, all of them and nothing else', async () => {
  const action = fc.record({
    what: fc.constantFrom('say', 'say', 'say', 'fail', 'fail-late', 'leave', 'restart', 'forget', 'persona'),
    id: fc.constantFrom('s', '🙂'),
    tenant: fc.constantFrom('t', 'u'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      let mode: string = 'say'
      const { start, engine, heard, store } = open((seen) => {
        if (mode === 'fail') return [new GatewayError('overloaded', 'Busy.')]
        if (mode === 'fail-late')
          return [text('half'), { type: 'turn-failed', error: new GatewayError('timeout', 'Late.') }]
        if (mode === 'leave') return [text('half'), forever()]
        return echo(seen)
      })
      let conversations = start()
      let agent = talker
      const expected = new Map<string, string[]>()
      for (const [index, { what, id, tenant }] of actions.entries()) {
        const name = named(id, tenant)
        const key = `${tenant} ${id}`
        const said = expected.get(key) ?? []
        const message = `${index}`
        mode = what
        switch (what) {
          case 'say':
            expect(await conversations.say(turn(id, message, { tenant, agent }))).toBe(`answer to ${message}`)
            expected.set(key, [...said, message])
            expect(heard(-1)).toEqual(asked(...said, message))
            expect(engine.runs.at(-1)?.request).toMatchObject({ tenant, agent })
            break
          case 'fail':
          case 'fail-late':
            await expect(conversations.say(turn(id, message, { tenant, agent }))).rejects.toBeInstanceOf(GatewayError)
            break
          case 'leave': {
            const leaving = new AbortController()
            const left = conversations.say(turn(id, message, { tenant, agent, signal: leaving.signal }))
            await engine.started(engine.runs.length)
            leaving.abort(new Error('gone'))
            await expect(left).rejects.toThrow('gone')
            break
          }
          case 'restart':
            conversations = start()
            break
          case 'persona':
            agent = { ...talker, prompt: `Be ${index}.` }
            break
          case 'forget':
            expect(await conversations.forget(name, { signal })).toBe(said.length > 0)
            expected.delete(key)
            break
        }
        expect((await store.get(name))?.turns.map(({ user }) => user) ?? []).toEqual(expected.get(key) ?? [])
      }
    }),
    { numRuns: 300 },
  )
})

test('[CV4] a turn in which the model says nothing fails and leaves no trace', async () => {
  const { conversations, heard } = open((_, index) => (index === 0 ? [end('')] : says('yes')))
  await expect(conversations.say(turn('s', 'a'))).rejects.toMatchObject({ code: 'no_answer' })
  await conversations.say(turn('s', 'b'))
  expect(heard(1)).toEqual([{ role: 'user', text: 'b' }])
})
