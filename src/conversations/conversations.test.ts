import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeConversationStore } from '../../test/support/describe-conversation-store.ts'
import { createMemoryConversations } from '../../test/support/memory-conversations.ts'
import { createScriptedEngine, end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import {
  GatewayError,
  type Agent,
  type CliSessions,
  type ConversationStore,
  type History,
  type Message,
  type TurnEngine,
} from '../core/index.ts'
import { createConversations, type Say } from './conversations.ts'

describeConversationStore('memory', async () => {
  const disk = new Map<string, string>()
  return { store: createMemoryConversations(disk), reopen: async () => createMemoryConversations(disk) }
})

interface Entry extends Message {
  readonly uuid: string
}

/**
 * The CLI as far as conversations know it. It keeps what is said in a session, broken turns too, refuses to open a session
 * twice or to resume one that it has lost, and hands the script the history that the model is sent.
 */
function createFakeCli(script: (heard: History, index: number) => readonly Step[]) {
  const files = new Map<string, readonly Entry[]>()
  const inner = createScriptedEngine(({ history }, index) => script(history, index))
  let messages = 0
  const entry = ({ role, text: said }: Message): Entry => ({ uuid: `message-${++messages}`, role, text: said })

  const engine: TurnEngine = {
    async *run(request, options) {
      const { session, history } = request
      if (session === undefined) throw new Error('a conversation runs in a session')
      const { uuid, opened, resumeAt } = session
      const file = files.get(uuid)
      const lost = new GatewayError('cli_failed', 'It is lost.', { details: { sessionLost: true } })
      if (opened && file === undefined) throw lost
      if (!opened && file !== undefined) throw new GatewayError('cli_failed', 'It is in use already.')
      const at = resumeAt === undefined ? (file ?? []).length - 1 : (file ?? []).findIndex((e) => e.uuid === resumeAt)
      if (opened && at < 0) throw lost
      const told = [...(file ?? []).slice(0, at + 1), ...history.map(entry)]
      files.set(uuid, told)
      const heard = told.map(({ role, text: said }) => ({ role, text: said }))
      for await (const event of inner.run({ ...request, history: heard }, options)) {
        if (event.type !== 'turn-end') yield event
        else {
          const answer = entry({ role: 'assistant', text: event.answer })
          files.set(uuid, [...told, answer])
          yield { ...event, sessionAt: answer.uuid, exitCode: 0 }
        }
      }
    },
  }
  const sessions: CliSessions = {
    async forget(uuid) {
      files.delete(uuid)
    },
  }
  return { engine, sessions, files, runs: inner.runs, started: inner.started }
}

const echo = (heard: History): readonly Step[] => says(`answer to ${heard.at(-1)?.text}`)
const talker: Agent = { name: 'conversational', description: 'd', prompt: 'Be kind.', tools: [] }
const { signal } = new AbortController()
const turn = (id: string, message: string, rest: Partial<Say> = {}): Say => ({
  id,
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
  const cli = createFakeCli(script)
  const start = () => createConversations({ engine: cli.engine, store, sessions: cli.sessions })
  const heard = (index: number): History | undefined => cli.runs.at(index)?.request.history
  return { cli, store, heard, start, conversations: start() }
}

test('[CV1] a turn is answered, and the model sees all earlier turns of the session', async () => {
  const { conversations, cli, store, heard } = open()
  expect(await conversations.say(turn('s', 'Здравей 🙂'))).toBe('answer to Здравей 🙂')
  expect(heard(0)).toEqual([{ role: 'user', text: 'Здравей 🙂' }])
  await conversations.say(turn('s', 'b'))
  await conversations.say(turn('s', 'c'))
  expect(heard(1)).toEqual(asked('Здравей 🙂', 'b'))
  expect(heard(2)).toEqual(asked('Здравей 🙂', 'b', 'c'))
  expect(await store.get('s')).toMatchObject({
    id: 's',
    turns: [
      { user: 'Здравей 🙂', assistant: 'answer to Здравей 🙂' },
      { user: 'b', assistant: 'answer to b' },
      { user: 'c', assistant: 'answer to c' },
    ],
  })
  expect(cli.runs[0]?.request).toMatchObject({ agent: talker, model: 'haiku', limits: { turnMs: 1000 } })
})

test('[CV1] sessions know nothing of each other, however alike their names are', async () => {
  const { conversations, heard, cli } = open()
  const ids = ['s', 'S', 's ', '', '../s', 's/', '🙂', 'é', 'e\u0301', 'Ж'.repeat(256), '__proto__']
  for (const id of ids) await conversations.say(turn(id, `first of ${id}`))
  for (const id of ids) {
    await conversations.say(turn(id, 'second'))
    expect(heard(-1)).toEqual(asked(`first of ${id}`, 'second'))
  }
  expect(cli.files.size).toBe(ids.length)
})

test('[CV1] a turn may take another model; the turns before are seen all the same', async () => {
  const { conversations, heard, cli } = open()
  await conversations.say(turn('s', 'a'))
  await conversations.say(turn('s', 'b', { model: 'opus' }))
  expect([cli.runs[1]?.request.model, heard(1)]).toEqual(['opus', asked('a', 'b')])
})

test('[CV1] a turn may take another agent, which sees the turns before and answers as itself', async () => {
  const { conversations, heard, cli } = open()
  const other: Agent = { ...talker, name: 'other', prompt: 'Be brief.' }
  for (const agent of [talker, other, other, talker, { ...talker, prompt: 'Be new.' }]) {
    await conversations.say(turn('s', 'again', { agent }))
  }
  expect(cli.runs.map(({ request }) => request.agent.name)).toEqual([
    'conversational',
    'other',
    'other',
    'conversational',
    'conversational',
  ])
  expect(cli.runs.map(({ request }) => request.history.length)).toEqual([1, 3, 5, 7, 9])
  expect(heard(4)).toEqual(asked('again', 'again', 'again', 'again', 'again'))
  // The CLI keeps the persona of the turn that opened a session, so another one needs a session of its own.
  expect(cli.runs.map(({ request }) => request.session?.opened)).toEqual([false, false, true, false, false])
})

test('[CV3] turns of one session run one after the other, in the order they came', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, cli, heard } = open((seen, index) => [...(index === 0 ? [gate.promise] : []), ...echo(seen)])
  const order: string[] = []
  const said = ['a', 'b', 'c'].map(async (message) => order.push(await conversations.say(turn('s', message))))
  await cli.started(0)
  expect(cli.runs).toHaveLength(1)
  gate.resolve()
  await Promise.all(said)
  expect(order).toEqual(['answer to a', 'answer to b', 'answer to c'])
  expect([heard(0), heard(1), heard(2)]).toEqual([asked('a'), asked('a', 'b'), asked('a', 'b', 'c')])
})

test('[CV3] turns of different sessions run side by side', async () => {
  const { conversations, cli } = open((seen) => (seen[0]?.text === 'slow' ? [forever()] : echo(seen)))
  const leaving = new AbortController()
  const slow = conversations.say(turn('slow', 'slow', { signal: leaving.signal }))
  await cli.started(0)
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
  expect(await store.get('s')).toBeUndefined()
  expect(await conversations.say(turn('s', 'a'))).toBe('answer to a')
  expect(heard(1)).toEqual(asked('a'))
  const kept = await store.get('s')
  for (const message of ['b', 'c']) {
    await expect(conversations.say(turn('s', message))).rejects.toBe(failure)
    expect(await store.get('s')).toEqual(kept)
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
  const { conversations, cli, heard, store } = open((seen) =>
    seen.at(-1)?.text.startsWith('break') === true ? [text('half'), forever()] : echo(seen),
  )
  for (const first of ['break 1', 'break 2']) {
    const leaving = new AbortController()
    const broken = conversations.say(turn('s', first, { signal: leaving.signal }))
    const run = await cli.started(cli.runs.length)
    const reason = new Error('gone')
    leaving.abort(reason)
    await expect(broken).rejects.toBe(reason)
    await run.ended
    await conversations.say(turn('s', `after ${first}`))
  }
  expect(heard(-1)).toEqual(asked('after break 1', 'after break 2'))
  expect((await store.get('s'))?.turns).toHaveLength(2)
})

test('[CV4] a turn that is broken off while it waits for another is never run', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, cli, heard } = open((seen, index) => [...(index === 0 ? [gate.promise] : []), ...echo(seen)])
  const first = conversations.say(turn('s', 'a'))
  await cli.started(0)
  const leaving = new AbortController()
  const second = conversations.say(turn('s', 'b', { signal: leaving.signal }))
  const third = conversations.say(turn('s', 'c'))
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(second).rejects.toBe(reason)
  gate.resolve()
  await first
  await third
  expect(cli.runs).toHaveLength(2)
  expect(heard(1)).toEqual(asked('a', 'c'))
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
  expect((await inner.get('s'))?.turns).toEqual([{ user: 'a', assistant: 'answer to a' }])
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
  const { start, heard, cli } = open((seen) =>
    seen.at(-1)?.text === 'killed' ? [text('half'), forever()] : echo(seen),
  )
  await start().say(turn('s', 'a'))
  for (const id of ['s', 'new']) {
    // Nobody goes on with this turn; the next server knows nothing of it.
    void start().say(turn(id, 'killed'))
    await cli.started(cli.runs.length)
    await start().say(turn(id, 'b'))
  }
  expect(heard(2)).toEqual(asked('a', 'b'))
  expect(heard(4)).toEqual(asked('b'))
})

test('[CV5] when the CLI loses its session no turn is lost', async () => {
  const { conversations, heard, cli } = open()
  await conversations.say(turn('s', 'a'))
  await conversations.say(turn('s', 'b'))
  cli.files.clear()
  expect(await conversations.say(turn('s', 'c'))).toBe('answer to c')
  expect(heard(2)).toEqual(asked('a', 'b', 'c'))
  await conversations.say(turn('s', 'd'))
  expect(heard(3)).toEqual(asked('a', 'b', 'c', 'd'))
})

test('[CV5] when the CLI loses the end of its session no turn is lost', async () => {
  const { conversations, heard, cli } = open()
  await conversations.say(turn('s', 'a'))
  await conversations.say(turn('s', 'b'))
  for (const [uuid, file] of cli.files) cli.files.set(uuid, file.slice(0, 1))
  await conversations.say(turn('s', 'c'))
  expect(heard(2)).toEqual(asked('a', 'b', 'c'))
})

test('[CV5] a session that is lost is opened anew once; what fails then is a failure', async () => {
  const failure = new GatewayError('overloaded', 'Busy.')
  const { conversations, heard, cli, store } = open((seen, index) => (index === 1 ? [failure] : echo(seen)))
  await conversations.say(turn('s', 'a'))
  cli.files.clear()
  await expect(conversations.say(turn('s', 'b'))).rejects.toBe(failure)
  expect((await store.get('s'))?.turns).toHaveLength(1)
  await conversations.say(turn('s', 'c'))
  expect(heard(2)).toEqual(asked('a', 'c'))
})

test('[CV5] a failure that is no loss of the session is not tried again', async () => {
  const failure = new GatewayError('cli_failed', 'No.')
  const { conversations, cli } = open((seen, index) => (index === 1 ? [failure] : echo(seen)))
  await conversations.say(turn('s', 'a'))
  await expect(conversations.say(turn('s', 'b'))).rejects.toBe(failure)
  expect(cli.runs).toHaveLength(2)
})

test('[CV6] a conversation that is forgotten is gone, the CLI’s copy of it too', async () => {
  const { conversations, heard, cli, store } = open()
  await conversations.say(turn('s', 'a'))
  await conversations.say(turn('other', 'x'))
  expect(await conversations.forget('s', { signal })).toBe(true)
  expect(await store.get('s')).toBeUndefined()
  expect(cli.files.size).toBe(1)
  expect(await conversations.forget('s', { signal })).toBe(false)
  await conversations.say(turn('s', 'b'))
  expect(heard(-1)).toEqual(asked('b'))
  await conversations.say(turn('other', 'y'))
  expect(heard(-1)).toEqual(asked('x', 'y'))
})

test('[CV6] forgetting what never was says so, and takes what a broken first turn left', async () => {
  const { conversations, cli } = open(() => [new GatewayError('timeout', 'Late.')])
  expect(await conversations.forget('s', { signal })).toBe(false)
  await expect(conversations.say(turn('s', 'a'))).rejects.toMatchObject({ code: 'timeout' })
  expect(await conversations.forget('s', { signal })).toBe(false)
  expect(cli.files.size).toBe(0)
})

test('[CV6] forgetting waits for the turn under way, and for those before it', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, cli, store } = open((seen) => [gate.promise, ...echo(seen)])
  const said = conversations.say(turn('s', 'a'))
  await cli.started(0)
  const forgotten = conversations.forget('s', { signal })
  expect(cli.files.size).toBe(1)
  gate.resolve()
  expect(await said).toBe('answer to a')
  expect(await forgotten).toBe(true)
  expect([await store.get('s'), cli.files.size]).toEqual([undefined, 0])
})

test('[CV6] who leaves while waiting to forget forgets nothing', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, cli, store } = open((seen) => [gate.promise, ...echo(seen)])
  const said = conversations.say(turn('s', 'a'))
  await cli.started(0)
  const reason = new Error('gone')
  const leaving = new AbortController()
  const forgotten = conversations.forget('s', { signal: leaving.signal })
  leaving.abort(reason)
  await expect(forgotten).rejects.toBe(reason)
  gate.resolve()
  await said
  expect((await store.get('s'))?.turns).toHaveLength(1)
})

test('[CV6] when the CLI’s copy cannot be removed the conversation stays and can be forgotten again', async () => {
  const store = createMemoryConversations()
  const cli = createFakeCli(echo)
  let broken = false
  const sessions: CliSessions = {
    async forget(uuid) {
      if (broken) throw new Error('no access')
      await cli.sessions.forget(uuid)
    },
  }
  const conversations = createConversations({ engine: cli.engine, store, sessions })
  await conversations.say(turn('s', 'a'))
  broken = true
  await expect(conversations.forget('s', { signal })).rejects.toThrow('no access')
  expect((await store.get('s'))?.turns).toHaveLength(1)
  broken = false
  expect(await conversations.forget('s', { signal })).toBe(true)
})

test('[CV5] whatever happens between turns, the model sees the answered ones, all of them and nothing else', async () => {
  const action = fc.record({
    what: fc.constantFrom(
      'say',
      'say',
      'say',
      'fail',
      'fail-late',
      'leave',
      'lose',
      'lose-end',
      'restart',
      'forget',
      'persona',
    ),
    id: fc.constantFrom('s', '🙂'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      let mode: string = 'say'
      const { start, cli, heard, store } = open((seen) => {
        if (mode === 'fail') return [new GatewayError('overloaded', 'Busy.')]
        if (mode === 'fail-late')
          return [text('half'), { type: 'turn-failed', error: new GatewayError('timeout', 'Late.') }]
        if (mode === 'leave') return [text('half'), forever()]
        return echo(seen)
      })
      let conversations = start()
      let agent = talker
      const expected = new Map<string, string[]>()
      for (const [index, { what, id }] of actions.entries()) {
        const said = expected.get(id) ?? []
        const message = `${index}`
        mode = what
        switch (what) {
          case 'say':
            expect(await conversations.say(turn(id, message, { agent }))).toBe(`answer to ${message}`)
            expected.set(id, [...said, message])
            expect(heard(-1)).toEqual(asked(...said, message))
            break
          case 'fail':
          case 'fail-late':
            await expect(conversations.say(turn(id, message, { agent }))).rejects.toBeInstanceOf(GatewayError)
            break
          case 'leave': {
            const leaving = new AbortController()
            const left = conversations.say(turn(id, message, { agent, signal: leaving.signal }))
            await cli.started(cli.runs.length)
            leaving.abort(new Error('gone'))
            await expect(left).rejects.toThrow('gone')
            break
          }
          case 'lose':
            cli.files.clear()
            break
          case 'lose-end':
            for (const [uuid, file] of cli.files) cli.files.set(uuid, file.slice(0, -1))
            break
          case 'restart':
            conversations = start()
            break
          case 'persona':
            agent = { ...talker, prompt: `Be ${index}.` }
            break
          case 'forget':
            expect(await conversations.forget(id, { signal })).toBe(said.length > 0)
            expected.delete(id)
            break
        }
        expect((await store.get(id))?.turns.map(({ user }) => user) ?? []).toEqual(expected.get(id) ?? [])
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
