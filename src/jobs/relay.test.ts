import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import type { JobEventBody } from '../core/index.ts'
import { createRelay, shownInput } from './relay.ts'

function open() {
  const clock = createManualClock()
  const written: (readonly JobEventBody[])[] = []
  let gate = Promise.resolve()
  const relay = createRelay({
    async keep(events) {
      await gate
      written.push(events)
    },
    clock,
  })
  return {
    clock,
    relay,
    written,
    /** Lets nothing be written until the answer is called. */
    block() {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
  }
}

const said = (text: string): JobEventBody => ({ type: 'text', text })

test('[JB11] what is said within a fifth of a second is one event', async () => {
  const { clock, relay, written } = open()
  await relay.text('Здра')
  await clock.advance(100)
  await relay.text('вей 🙂')
  expect(written).toEqual([])
  await clock.advance(99)
  expect(written).toEqual([])
  await clock.advance(1)
  expect(written).toEqual([[said('Здравей 🙂')]])
  await relay.text('!')
  await clock.advance(200)
  expect(written).toEqual([[said('Здравей 🙂')], [said('!')]])
  await relay[Symbol.asyncDispose]()
  expect([written.length, clock.armed]).toEqual([2, 0])
})

test('[JB11] much that is said is not waited with', async () => {
  const { clock, relay, written } = open()
  await relay.text('ж'.repeat(2047))
  await clock.advance(0)
  expect(written).toEqual([])
  await relay.text('ж')
  await clock.advance(0)
  expect([written, clock.armed]).toEqual([[[said('ж'.repeat(2048))]], 0])
})

test('[JB11] the use of a tool is told at once, behind what was said before it', async () => {
  const { clock, relay, written } = open()
  await relay.text('I look.')
  await relay.tool({ type: 'tool-use', name: 'Read', input: { file: 'а.txt' } })
  await relay.text('Done.')
  await relay[Symbol.asyncDispose]()
  expect(written.flat()).toEqual([
    said('I look.'),
    { type: 'tool', name: 'Read', input: '{"file":"а.txt"}' },
    said('Done.'),
  ])
  expect(clock.armed).toBe(0)
})

test('[JB11] what a tool is given is cut where it is long, never within a character', () => {
  expect(shownInput({})).toBe('{}')
  const whole = shownInput({ text: 'x'.repeat(5000) })
  expect(whole).toHaveLength(2000)
  const smile = shownInput({ a: `${'x'.repeat(1993)}🙂🙂` })
  expect(smile).toHaveLength(1999)
  expect(smile.isWellFormed()).toBe(true)
})

test('[JB11] while a store does not take it what comes is written together and in order', async () => {
  const { clock, relay, written, block } = open()
  const free = block()
  for (const text of ['a', 'b', 'c']) {
    await relay.text(text)
    await clock.advance(200)
  }
  expect(written).toEqual([])
  free()
  await relay[Symbol.asyncDispose]()
  expect(written).toEqual([[said('a')], [said('b'), said('c')]])
})

test('[JB11] more than a MiB is not held: the run waits', async () => {
  const { clock, relay, written, block } = open()
  const free = block()
  let isTaken = false
  await relay.text('x'.repeat(1024 * 1024))
  const more = relay.text('y'.repeat(5000)).then(() => {
    isTaken = true
  })
  await clock.advance(1000)
  expect(isTaken).toBe(false)
  free()
  await more
  expect(written.flat()).toHaveLength(2)
})
