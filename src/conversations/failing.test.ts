import { expect, test } from 'vitest'
import { asked, echo, named, openConversations, turn } from '../../test/support/open-conversations.ts'
import { end, forever, text, type Step } from '../../test/support/scripted-engine.ts'
import { GatewayError } from '../core/index.ts'

const late = (error: Error): readonly Step[] => [
  text('half'),
  error instanceof GatewayError ? { type: 'turn-failed', error } : error,
]

test('[CV4] a turn that failed leaves no trace and can be tried again, the first one too', async () => {
  const failure = new GatewayError('overloaded', 'Busy.')
  const failing = new Set([0, 2, 3, 5])
  const { conversations, heard, store } = openConversations((seen, index) =>
    failing.has(index) ? late(failure) : echo(seen),
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

test.each<readonly [string, readonly Step[], object]>([
  ['fails before it says anything', [new GatewayError('timeout', 'Late.')], { code: 'timeout' }],
  ['meets a defect in mid-answer', [text('half'), new TypeError('x')], { message: 'x' }],
  ['ends without an end', [text('half')], { message: 'the engine ended a turn without an end' }],
  ['is declined without a word', [{ ...end(''), reason: 'refusal' }], { code: 'no_answer' }],
])('[CV4] a turn that %s leaves no trace, and the next one need not wait', async (_, steps, error) => {
  const { conversations, heard, clock } = openConversations((seen, index) => (index === 1 ? steps : echo(seen)))
  await conversations.say(turn('s', 'a'))
  await expect(conversations.say(turn('s', 'b'))).rejects.toMatchObject(error)
  await conversations.say(turn('s', 'c'))
  expect(heard(2)).toEqual(asked('a', 'c'))
  expect(clock.armed).toBe(0)
})

test('[CL14] a turn that the model answers with nothing is stored, and the next turn is sent what was said in it', async () => {
  const { conversations, heard, said } = openConversations((seen, index) => (index === 0 ? [end('')] : echo(seen)))
  expect(await conversations.say(turn('s', 'a'))).toBe('')
  expect(await said(named('s'))).toEqual([['a', '']])
  await conversations.say(turn('s', 'b'))
  expect(heard(1)).toEqual([
    { role: 'user', text: 'a' },
    { role: 'assistant', text: '' },
    { role: 'user', text: 'b' },
  ])
})

test('[CV4] a turn that was broken off leaves no trace, and its abort surfaces as its reason', async () => {
  const { conversations, engine, heard, said, clock } = openConversations((seen) =>
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
  expect(await said(named('s'))).toHaveLength(2)
  expect(clock.armed).toBe(0)
})

test('[CV4] a caller who leaves when the answer is whole, but before it is stored, leaves no trace', async () => {
  const leaving = new AbortController()
  const { conversations, said } = openConversations(echo, {
    async *run() {
      yield text('yes')
      leaving.abort(new Error('gone'))
      yield end('yes')
    },
  })
  await expect(conversations.say(turn('s', 'a', { signal: leaving.signal }))).rejects.toThrow('gone')
  expect(await said(named('s'))).toEqual([])
})

test('[CV4] a turn that is broken off while it waits for another is never run', async () => {
  const gate = Promise.withResolvers<void>()
  const { conversations, engine, heard } = openConversations((seen, index) => [
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

test('[CV4] a caller who has left before the turn begins does not begin it', async () => {
  const { conversations, engine, openings } = openConversations()
  const reason = new Error('gone')
  await expect(conversations.say(turn('s', 'a', { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  expect([engine.runs.length, openings()]).toEqual([0, 0])
})

test('[CV5] what fails behind a turn that is stored does not undo it', async () => {
  const defect = new Error('no cleanup')
  const { conversations, said, observer } = openConversations((seen) => [...echo(seen), defect])
  expect(await conversations.say(turn('s', 'a'))).toBe('answer to a')
  expect(await said(named('s'))).toEqual([['a', 'answer to a']])
  expect(observer.of('cleanup-failed')).toEqual([{ type: 'cleanup-failed', what: 'turn', error: defect }])
})
