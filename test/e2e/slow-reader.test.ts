import { request } from 'node:http'
import { expect, test } from 'vitest'
import { delay, KEY, startStage, until } from '../support/stage.ts'

test('[ST12] a client that does not read slows the run down, and nothing piles up here', async () => {
  await using stage = await startStage()
  const body = JSON.stringify({
    stream: true,
    messages: [{ role: 'user', content: 'count to 60000 [rehearse slow=0]' }],
  })
  const before = process.memoryUsage().heapUsed
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const sent = request(
      `${stage.gateway.url}/v1/chat/completions`,
      { method: 'POST', headers: { authorization: `Bearer ${KEY}` } },
      resolve,
    )
    sent.once('error', reject)
    sent.end(body)
  })
  response.pause()
  await until(() => stage.rehearsal.requests.at(-1)?.state === 'finished')
  await delay(1000)
  // The CLI itself takes in all that the model says; what it prints waits in its pipe, so it has not ended.
  expect(stage.ended()).toEqual([])
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000_000)
  let read = ''
  for await (const bytes of response) read += String(bytes)
  expect(read.match(/"content"/g)).toHaveLength(60_000)
  expect(read.endsWith('data: [DONE]\n\n')).toBe(true)
})
