import { expect, test } from 'vitest'
import {
  asked,
  echo,
  named,
  openConversations,
  readEvents,
  signal,
  turn,
} from '../../test/support/open-conversations.ts'
import { end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { GatewayError, type History, type TurnEvent } from '../core/index.ts'

const halfThenWait: readonly Step[] = [text('Здра'), text('вей'), forever()]

/** Says that for the first turn, and answers the later ones. */
const first =
  (steps: readonly Step[]) =>
  (heard: History, index: number): readonly Step[] =>
    index === 0 ? steps : echo(heard)

const interrupted = (delivered: string): History => [
  { role: 'user', text: 'a' },
  { role: 'assistant', text: delivered },
  { role: 'user', text: 'b' },
]

/** Takes so many events of a stream. */
async function takeEvents(events: AsyncIterator<TurnEvent>, count: number): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  while (seen.length < count) seen.push((await events.next()).value)
  return seen
}

test('[CV13] a turn that is streamed has its pieces as they come, and its end once it is stored', async () => {
  const { conversations, said, turnsOf, clock } = openConversations(() => [text('Здра'), text('вей'), end('Здравей')])
  const events = conversations.stream(turn('s', 'a'))[Symbol.asyncIterator]()
  expect(await takeEvents(events, 2)).toEqual([text('Здра'), text('вей')])
  expect(await said(named('s'))).toEqual([])
  expect(await takeEvents(events, 1)).toEqual([end('Здравей')])
  expect(await said(named('s'))).toEqual([['a', 'Здравей']])
  expect((await turnsOf(named('s')))[0]?.interrupted).toBe(false)
  expect(await events.next()).toEqual({ done: true, value: undefined })
  expect(clock.armed).toBe(0)
})

test('[CV13] a turn that is not asked for does not begin', async () => {
  const { conversations, engine, openings } = openConversations()
  conversations.stream(turn('s', 'a'))
  expect([engine.runs.length, openings()]).toEqual([0, 0])
  await conversations.close()
})

test('[CV3] [CV13] turns wait for one that is streamed, until it is stored and no longer', async () => {
  const { conversations, heard } = openConversations((seen, index) =>
    index === 0 ? [...echo(seen), forever()] : echo(seen),
  )
  const events = conversations.stream(turn('s', 'a'))[Symbol.asyncIterator]()
  await takeEvents(events, 1)
  const next = conversations.say(turn('s', 'b'))
  await takeEvents(events, 1)
  // The process behind the first one is not done yet.
  expect(await next).toBe('answer to b')
  expect(heard(1)).toEqual(asked('a', 'b'))
  await events.return?.()
})

test('[CV14] a caller who leaves in mid-answer is remembered as far as it was delivered', async () => {
  const { conversations, heard, turnsOf, clock, engine } = openConversations(first(halfThenWait))
  const leaving = new AbortController()
  const askedAtMs = clock.nowMs()
  const events = conversations.stream(turn('s', 'a', { signal: leaving.signal }))[Symbol.asyncIterator]()
  await takeEvents(events, 2)
  const last = events.next()
  await clock.advance(700)
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(last).rejects.toBe(reason)
  await engine.runs[0]?.ended
  expect(await turnsOf(named('s'))).toStrictEqual([
    {
      user: 'a',
      assistant: 'Здравей',
      interrupted: true,
      agent: 'conversational',
      model: 'haiku',
      askedAtMs,
      answeredAtMs: askedAtMs + 700,
    },
  ])
  await conversations.say(turn('s', 'b'))
  expect(heard(1)).toEqual(interrupted('Здравей'))
  expect(clock.armed).toBe(0)
})

test('[CV14] who ends the iteration leaves too; what was not given any more was not delivered', async () => {
  const { conversations, heard, said } = openConversations(first([text('one '), text('two '), end('one two ')]))
  for await (const event of conversations.stream(turn('s', 'a'))) if (event.type === 'text-delta') break
  expect(await said(named('s'))).toEqual([['a', 'one ']])
  await conversations.say(turn('s', 'b'))
  expect(heard(1)).toEqual(interrupted('one '))
})

test('[CV14] what comes when the caller has left already is not delivered', async () => {
  const leaving = new AbortController()
  const { conversations, said } = openConversations(echo, {
    async *run() {
      yield text('heard')
      leaving.abort(new Error('gone'))
      yield text(' unheard')
    },
  })
  const { events } = await readEvents(conversations.stream(turn('s', 'a', { signal: leaving.signal })))
  expect(events).toEqual([text('heard')])
  expect(await said(named('s'))).toEqual([['a', 'heard']])
})

test('[CV14] what goes wrong behind a caller who left does not take away what was delivered', async () => {
  const defect = new Error('not stopped')
  const { conversations, turnsOf } = openConversations(echo, {
    async *run() {
      await using _process = { [Symbol.asyncDispose]: () => Promise.reject(defect) }
      yield text('half')
      yield text('unheard')
    },
  })
  const events = conversations.stream(turn('s', 'a'))[Symbol.asyncIterator]()
  await events.next()
  await expect(events.return?.()).rejects.toBe(defect)
  expect(await turnsOf(named('s'))).toMatchObject([{ assistant: 'half', interrupted: true }])
})

test.each<readonly [string, readonly Step[], number]>([
  ['before a word of it', [forever()], 0],
  ['after nothing but blanks', [text(' \n'), forever()], 1],
])('[CV14] a caller who leaves %s leaves no trace', async (_, steps, count) => {
  const { conversations, engine, store, clock } = openConversations(() => steps)
  const leaving = new AbortController()
  const events = conversations.stream(turn('s', 'a', { signal: leaving.signal }))[Symbol.asyncIterator]()
  await takeEvents(events, count)
  const last = events.next()
  await engine.started(0)
  leaving.abort(new Error('gone'))
  await expect(last).rejects.toThrow('gone')
  expect(await store.get(named('s'))).toBeUndefined()
  expect(clock.armed).toBe(0)
})

test('[CV4] [CV14] an answer that ended by a failure leaves no trace, whatever was delivered', async () => {
  const busy = new GatewayError('overloaded', 'Busy.')
  for (const failure of [busy, { type: 'turn-failed', error: busy } satisfies TurnEvent]) {
    const { conversations, store } = openConversations(() => [text('half'), failure])
    const { events, thrown } = await readEvents(conversations.stream(turn('s', 'a')))
    expect([events, thrown]).toEqual([[text('half')], busy])
    expect(await store.get(named('s'))).toBeUndefined()
  }
})

test('[CA5] [CV14] an answer that the server broke off, because it stops, leaves no trace', async () => {
  const stopped = new GatewayError('shutting_down', 'The server is stopping.')
  for (const ending of ['read on', 'leave'] as const) {
    const { conversations, store } = openConversations(() => halfThenWait)
    const stopping = new AbortController()
    const events = conversations.stream(turn('s', 'a', { signal: stopping.signal }))[Symbol.asyncIterator]()
    await takeEvents(events, 2)
    if (ending === 'leave') {
      stopping.abort(stopped)
      await events.return?.()
    } else {
      const last = events.next()
      stopping.abort(stopped)
      await expect(last).rejects.toBe(stopped)
    }
    expect(await store.get(named('s'))).toBeUndefined()
  }
})

test('[CV14] an answer of which all was delivered is whole, though the caller leaves before it is told', async () => {
  const leaving = new AbortController()
  const { conversations, turnsOf } = openConversations(echo, {
    wrap: (store) => ({
      ...store,
      async append(claim, appended) {
        leaving.abort(new Error('gone'))
        return await store.append(claim, appended)
      },
    }),
  })
  await readEvents(conversations.stream(turn('s', 'a', { signal: leaving.signal })))
  expect(await turnsOf(named('s'))).toMatchObject([{ assistant: 'answer to a', interrupted: false }])
})

test('[CV14] a turn after an interrupted one waits until that is stored', async () => {
  const stored = Promise.withResolvers<void>()
  const storing = Promise.withResolvers<void>()
  const { conversations, heard, engine } = openConversations(first(halfThenWait), {
    wrap: (store) => ({
      ...store,
      async append(claim, appended) {
        storing.resolve()
        await stored.promise
        return await store.append(claim, appended)
      },
    }),
  })
  const events = conversations.stream(turn('s', 'a'))[Symbol.asyncIterator]()
  await takeEvents(events, 2)
  const left = events.return?.()
  const next = conversations.say(turn('s', 'b'))
  await storing.promise
  expect(engine.runs).toHaveLength(1)
  stored.resolve()
  await left
  await next
  expect(heard(1)).toEqual(interrupted('Здравей'))
})

test('[CV13] [CV14] what cannot be stored behind a caller who left is told to whoever waits for it', async () => {
  const { conversations } = openConversations(() => halfThenWait, {
    wrap: (store) => ({ ...store, append: () => Promise.reject(new Error('down')) }),
  })
  const events = conversations.stream(turn('s', 'a', { signal }))[Symbol.asyncIterator]()
  await takeEvents(events, 2)
  await expect(events.return?.()).rejects.toMatchObject({ code: 'store_unavailable' })
})

test('[CV13] a reply that cannot be stored has no end', async () => {
  const { conversations } = openConversations(() => says('yes'), {
    wrap: (store) => ({ ...store, append: () => Promise.reject(new Error('down')) }),
  })
  const { events, thrown } = await readEvents(conversations.stream(turn('s', 'a')))
  expect([events, thrown]).toMatchObject([[text('yes')], { code: 'store_unavailable' }])
})
