import { expect, test } from 'vitest'
import { openApp } from '../../test/support/open-app.ts'
import { says } from '../../test/support/scripted-engine.ts'

test('[CC4] [R12] strings of any length are read, and how deep a body goes is told from its brackets alone', async () => {
  const { chat } = openApp(() => says('a'), { maxBodyBytes: 64 * 1024 * 1024 })
  const brackets = '[{'.repeat(2000)
  for (const content of ['x'.repeat(9_000_000), '\\'.repeat(5_000_000), `"${brackets}\\"${brackets}`])
    expect((await chat({ messages: [{ role: 'user', content }] })).status).toBe(200)
})
