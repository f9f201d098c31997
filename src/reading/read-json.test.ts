import { expect, test } from 'vitest'
import { openApp } from '../../test/support/open-app.ts'
import { says } from '../../test/support/scripted-engine.ts'
import { readJson } from './read-json.ts'

const read = (text: string): unknown =>
  readJson({ pieces: [new Uint8Array(Buffer.from(text))], contentType: null }).value

test('[CC4] [R12] strings of any length are read, and how deep a body goes is told from its brackets alone', async () => {
  const { chat } = openApp(() => says('a'), { maxBodyBytes: 64 * 1024 * 1024 })
  const brackets = '[{'.repeat(2000)
  for (const content of ['x'.repeat(1_900_000), '\\'.repeat(1_900_000), `"${brackets}\\"${brackets}`])
    expect((await chat({ messages: [{ role: 'user', content }] })).status).toBe(200)
})

test.each([
  ['is nested more than 500 levels', `${'['.repeat(501)}${']'.repeat(501)}`],
  ['is nested more than 500 levels', '{"a":'.repeat(16_000_000)],
  ['holds more than 100,000 JSON values', `[${'1,'.repeat(100_000)}1]`],
  ['holds more than 100,000 JSON values', `{${'"a":1,'.repeat(4_000_000)}`],
])('[LM1] a body that %s is refused before it is parsed', (what, text) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: `The body ${what}. Send fewer.` }),
  )
})

test('[LM1] a body at the limits is parsed', () => {
  expect(read(`${'['.repeat(500)}${']'.repeat(500)}`)).toHaveLength(1)
  expect(read(`[${'1,'.repeat(99_997)}1]`)).toHaveLength(99_998)
})
