import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { pdf } from '../../test/support/pdf.ts'
import { createReaders } from './readers.ts'

const MIB = 1024 * 1024

function open({ memoryMb }: { readonly memoryMb?: number } = {}) {
  const clock = createManualClock()
  const readers = createReaders({ clock, maxBytes: 32 * MIB, ...(memoryMb === undefined ? {} : { memoryMb }) })
  const leaving = new AbortController()
  const chat = (body: unknown, signal = leaving.signal) => {
    const bytes = new Uint8Array(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
    return readers.read('chat', { pieces: [bytes], contentType: null }, { tenant: 'a', signal })
  }
  return { clock, readers, chat, leaving, [Symbol.asyncDispose]: () => readers.close() }
}

const user = (content: unknown) => ({ role: 'user', content })
const LARGE = 'Ж'.repeat(MIB)

test('[LM5] a large body is read like a small one', async () => {
  await using opened = open()
  expect((await opened.chat({ messages: [user('a')] })).history).toEqual([{ role: 'user', text: 'a' }])
  expect((await opened.chat({ messages: [user(LARGE)] })).history).toEqual([{ role: 'user', text: LARGE }])
})

test('[LM5] a large body is refused like a small one', async () => {
  await using opened = open()
  for (const filler of ['', LARGE]) {
    await expect(opened.chat({ messages: [user([{ type: filler, text: 1 }]), user(filler)] })).rejects.toMatchObject({
      name: 'GatewayError',
      code: 'invalid_request',
      param: 'messages[0].content[0]',
    })
    await expect(opened.chat(`{"messages": "${filler}`)).rejects.toMatchObject({
      message: 'The body is not valid JSON.',
      param: undefined,
    })
  }
})

test('[LM5] a file is read in a thread', async () => {
  await using opened = open()
  const file = { data: pdf({ pages: 3 }).toString('base64'), name: 'a.pdf' }
  const reader = { tenant: 'a', signal: opened.leaving.signal }
  expect(await opened.readers.read('file', file, reader)).toMatchObject({ ok: true, pages: 3 })
})

test('[LM6] a body that takes more memory than a thread has is refused, and the next one is read', async () => {
  await using opened = open({ memoryMb: 32 })
  const keys = Array.from({ length: 49_000 }, (_, at) => `"${'k'.repeat(600)}${at}":[]`).join()
  await expect(opened.chat(`{"messages":{${keys}}}`)).rejects.toMatchObject({
    code: 'request_too_large',
    message: 'The body could not be read: it takes too much memory. Send a smaller one.',
  })
  await expect(opened.chat({ messages: [user(LARGE)] })).resolves.toMatchObject({ stream: false })
})

test('[LM6] a body that takes too much time is refused, and the next one is read', async () => {
  await using opened = open()
  const reading = Promise.allSettled([opened.chat({ messages: [user(LARGE)] })])
  await opened.clock.untilArmed(10_000)
  await opened.clock.advance(10_000)
  const message = 'The body could not be read: it takes too much time. Send a smaller one.'
  expect(await reading).toMatchObject([{ reason: { code: 'request_too_large', message } }])
  expect((await opened.chat({ messages: [user(LARGE)] })).history).toHaveLength(1)
})

test('[LM5] who leaves does not wait for a body to be read', async () => {
  await using opened = open()
  const reason = new Error('left')
  const reading = opened.chat({ messages: [user(LARGE)] })
  opened.leaving.abort(reason)
  await expect(reading).rejects.toBe(reason)
})

test('[CA5] what is being read when the server stops is given up', async () => {
  const opened = open()
  const reading = Promise.allSettled([1, 2, 3].map(() => opened.chat({ messages: [user(LARGE)] })))
  await opened.readers.close()
  expect(await reading).toMatchObject([1, 2, 3].map(() => ({ reason: { code: 'shutting_down' } })))
})
