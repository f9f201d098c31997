import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { afterSilence, contentOf, openApp, readChunks } from '../../test/support/open-app.ts'
import { readStream } from '../../test/support/stream.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'

test('[ST6] each delta is a chunk of its own, sent when it arrives', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const { stream } = openApp(() => [text('a'), gates[0].promise, text('b'), gates[1].promise, text('c'), end('abc')])
  const { next, rest } = readChunks(await stream())
  expect(contentOf(await next())).toBe('a')
  gates[0].resolve()
  expect(contentOf(await next())).toBe('b')
  gates[1].resolve()
  expect(contentOf(await next())).toBe('c')
  expect(await rest()).toHaveLength(1)
})

test('[ST2] [R27] the status waits for the first event and no longer', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, engine, clock } = openApp(() => [gate.promise, text('a'), end('a')])
  const reply = stream()
  await engine.started(0)
  await clock.advance(999)
  gate.resolve()
  expect((await reply).status).toBe(200)
  // The limit of the turn.
  expect(clock.armed).toBe(1)
})

test('[ST2] [R27] [R29] without an event the headers leave after the hold, and nothing with them', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, clock } = openApp(() => [gate.promise, text('a'), end('a')])
  let answered = false
  const reply = stream().then((response) => {
    answered = true
    return response
  })
  await clock.untilArmed(1000)
  await clock.advance(999)
  expect(answered).toBe(false)
  await clock.advance(1)
  const { rest } = readChunks(await reply)
  const later = rest()
  gate.resolve()
  expect((await later).map((frame) => frame.slice(0, 6))).toEqual(['data: ', 'data: '])
})

test('[ST2] [R27] the hold is the one that is set, also none at all', async () => {
  const { stream, clock } = openApp(() => [forever()], { headerHoldMs: 0 })
  const reply = stream()
  await clock.untilArmed(0)
  await clock.advance(0)
  expect((await reply).status).toBe(200)
})

test('[ST3] [R28] white space before the JSON of the next event fills every silence of 10 s', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const { stream, clock } = openApp(() => [gates[0].promise, text('a'), gates[1].promise, end('a')])
  const reply = stream()
  await clock.untilArmed(1000)
  await clock.advance(1000)
  const { next } = readChunks(await reply)

  let chunk: string | undefined
  const read = async (): Promise<void> => {
    chunk = await next()
  }
  for (const filler of ['data: ', ' ', ' ']) {
    chunk = undefined
    const reading = read()
    await clock.untilArmed(10_000)
    await clock.advance(9999)
    expect(chunk).toBeUndefined()
    await clock.advance(1)
    await reading
    expect(chunk).toBe(filler)
  }

  const first = next()
  await clock.untilArmed(10_000)
  await clock.advance(6000)
  gates[0].resolve()
  const rest = await first
  expect(rest).toMatch(/^\{/)
  expect(contentOf(afterSilence(rest))).toBe('a')

  // The silence is counted anew from what was sent.
  chunk = undefined
  const reading = read()
  await clock.untilArmed(10_000)
  await clock.advance(9999)
  expect(chunk).toBeUndefined()
  await clock.advance(1)
  await reading
  expect(chunk).toBe('data: ')

  gates[1].resolve()
  expect(await next()).toMatch(/^\{.*\}\n\ndata: \[DONE\]\n\n$/s)
  expect(await next()).toBeUndefined()
  expect(clock.armed).toBe(0)
})

test('[ST11] [R35] the response ends with its last event, while what is behind it still ends', async () => {
  const ending = Promise.withResolvers<void>()
  const { stream, background, admission } = openApp(() => says('a'), {
    wrap: (engine) => ({
      async *run(request, options) {
        try {
          yield* engine.run(request, options)
        } finally {
          await ending.promise
        }
      },
    }),
  })
  const { text: said, done } = await readStream(await stream())
  expect([said, done, admission.active]).toEqual(['a', true, 1])
  let closed = false
  const closing = background.close().then(() => {
    closed = true
  })
  await setImmediate()
  expect(closed).toBe(false)
  ending.resolve()
  await closing
  expect(admission.active).toBe(0)
})

test('[ST12] [R40] a reader that does not read holds the engine where it is', async () => {
  const { stream, engine } = openApp(() => [...Array.from({ length: 1000 }, () => text('Ж'.repeat(1000))), end('')])
  const { next, rest } = readChunks(await stream())
  const run = await engine.started(0)
  await setImmediate()
  expect(run.steps).toBe(1)
  for (let read = 0; read < 3; read++) await next()
  await setImmediate()
  expect(run.steps).toBe(3)
  expect(await rest()).toHaveLength(998)
})
