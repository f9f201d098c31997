import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { eventStream, type Frames } from './event-stream.ts'

const LIMIT_MS = 30_000

function open(frames: () => AsyncGenerator<Frames, void>) {
  const clock = createManualClock()
  let stalls = 0
  const { response } = eventStream(frames(), {
    clock,
    keepAliveMs: 10_000,
    writeTimeoutMs: LIMIT_MS,
    stalled: () => stalls++,
    settle: () => undefined,
    keepAlive: 'comment',
    headers: {},
  })
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  return { clock, reader, stalls: () => stalls }
}

async function* endless(): AsyncGenerator<Frames, void> {
  for (;;) yield { text: 'data: 1\n\n', last: false }
}

test('[ST19] a reader that takes nothing for the write timeout is given up, once', async () => {
  const { clock, reader, stalls } = open(endless)
  await reader.read()
  await clock.advance(LIMIT_MS - 1)
  expect(stalls()).toBe(0)
  await clock.advance(1)
  expect(stalls()).toBe(1)
  await clock.advance(10 * LIMIT_MS)
  expect(stalls()).toBe(1)
})

test('[ST19] a reader that takes a little, or leaves, is not given up', async () => {
  const { clock, reader, stalls } = open(endless)
  for (let piece = 0; piece < 5; piece++) {
    await reader.read()
    await clock.advance(LIMIT_MS - 1)
  }
  await reader.cancel()
  await clock.advance(LIMIT_MS)
  expect([stalls(), clock.armed]).toEqual([0, 0])
})

test('[ST19] a reader that waits for the next event is not given up, however long that takes', async () => {
  const { clock, reader, stalls } = open(async function* silent() {
    await new Promise<never>(() => undefined)
    yield { text: '', last: true }
  })
  for (let silence = 0; silence < 10; silence++) {
    const read = reader.read()
    await clock.untilArmed(10_000)
    await clock.advance(10_000)
    expect(new TextDecoder().decode((await read).value)).toBe(': keep-alive\n')
  }
  expect(stalls()).toBe(0)
})
