import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/stage.ts'
import { KEY, QUIET_KEY, startProbedGateway, type ProbedGateway } from './probed-gateway.ts'
import { scaled } from './scale.ts'

const MIB = 1024 * 1024
const PATH = '/v1/chat/completions'
const MAX_RESIDENT_MB = 900

let gateway: ProbedGateway
beforeAll(async () => {
  gateway = await startProbedGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

interface Dialled {
  readonly socket: Socket
  readonly received: () => string
  readonly isClosed: () => boolean
}

async function dial(sent: string): Promise<Dialled> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  let received = ''
  let isClosed = false
  socket.setEncoding('utf8').on('data', (text: string) => (received += text))
  socket.on('error', () => undefined).on('close', () => (isClosed = true))
  await once(socket, 'connect')
  socket.write(sent)
  return { socket, received: () => received, isClosed: () => isClosed }
}

const turn = async (key: string): Promise<number> => {
  const body = { model: 'haiku', stream: true, messages: [{ role: 'user', content: 'say exactly: hi' }] }
  return (await gateway.post(PATH, JSON.stringify(body), { headers: { authorization: `Bearer ${key}` } })).status
}

test('[LM8] connections that send most of a large body and then nothing hold a bounded memory', async () => {
  await gateway.report()
  const announced = 32 * MIB
  const head = `POST ${PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\ncontent-length: ${announced}\r\n\r\n`
  const most = 'x'.repeat(scaled({ full: 6, short: 4 }) * MIB)
  const count = scaled({ full: 200, short: 60 })
  const loud = await Promise.all(Array.from({ length: count }, () => dial(head)))
  for (const { socket } of loud) socket.write(most)
  // All that the budget has no room for is refused while its body is still being sent.
  await until(() => loud.filter(({ received }) => received().includes('"code":"overloaded"')).length >= count - 40)
  expect(loud.find(({ received }) => received() !== '')?.received()).toMatch(/^HTTP\/1\.1 503 .*retry-after: 2\r\n/s)
  expect(await turn(QUIET_KEY)).toBe(200)
  const { peakResidentMb } = await gateway.report()
  for (const { socket } of loud) socket.destroy()
  expect(peakResidentMb).toBeLessThan(MAX_RESIDENT_MB)
  // What they held is free again.
  await until(async () => (await turn(KEY)) === 200)
})

test('[LM10] half headers without a key are answered and closed within 40 s', async () => {
  const half = await Promise.all(
    Array.from({ length: 500 }, () => dial(`POST ${PATH} HTTP/1.1\r\nhost: a\r\nx-half: `)),
  )
  expect(await turn(QUIET_KEY)).toBe(200)
  if (scaled({ full: 1, short: 0 }) === 1) {
    await until(() => half.every(({ isClosed }) => isClosed()), { ms: 40_000 })
    expect(half.every(({ received }) => received().startsWith('HTTP/1.1 408 '))).toBe(true)
  }
  for (const { socket } of half) socket.destroy()
})

test('[LM11] more connections than may be open are closed at once, and the gateway serves on', async () => {
  const kept: Dialled[] = []
  for (let batch = 0; batch < 22; batch++)
    kept.push(...(await Promise.all(Array.from({ length: 100 }, () => dial('')))))
  await until(() => kept.filter(({ isClosed }) => isClosed()).length >= 200)
  for (const { socket } of kept) socket.destroy()
  await until(async () => (await turn(QUIET_KEY)) === 200)
})
