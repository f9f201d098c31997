/** From the start of a server to its first turn: the CLI is verified in between. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locateCli } from '../../src/claude/index.ts'
import { startCommand } from '../support/run-command.ts'
import { until } from '../support/stage.ts'

/** A verification starts a dozen processes; on a busy machine each takes seconds. */
const SLOW = { ms: 150_000 }

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-start-'))
})
afterAll(() => rm(home, { recursive: true, force: true, maxRetries: 5 }))

/** A script that runs the real CLI after its own lines, which may use `$COUNT`, the number of this process. */
async function wrapCli(name: string, lines: string): Promise<string> {
  const { path: real } = await locateCli({ wanted: undefined, searchPath: process.env['PATH'] ?? '' })
  const path = join(home, name)
  const counted = join(home, `${name}.count`)
  await writeFile(counted, '')
  await writeFile(
    path,
    `#!/bin/sh\necho >> '${counted}'\nCOUNT=$(wc -l < '${counted}')\n${lines}\nexec '${real}' "$@"\n`,
    { mode: 0o700 },
  )
  return path
}

const started = async (name: string): Promise<number> => (await readFile(join(home, `${name}.count`), 'utf8')).length

const env = (more: Readonly<Record<string, string>>) => ({
  HOME: home,
  TMPDIR: home,
  VIVAVOCE_PORT: '0',
  ...more,
})

describe('vivavoce serve', { timeout: 300_000 }, () => {
  test('[SU1] an address in use is found before a process of the CLI is started', async () => {
    const bin = await wrapCli('counted', '')
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    await using running = startCommand(['serve', '--rehearsal'], {
      env: env({ VIVAVOCE_CLAUDE_BIN: bin, VIVAVOCE_PORT: port }),
    })
    const { code, err } = await running.ended
    expect(code).toBe(1)
    expect(err).toContain('VIVAVOCE_PORT')
    expect(await started('counted')).toBe(0)
    await new Promise((resolve) => taken.close(resolve))
  })

  test('[SU2] [SU3] [SU5] requests are told to wait while the CLI is verified, and served afterwards', async () => {
    const gate = join(home, 'gate')
    const bin = await wrapCli('gated', `while [ ! -e '${gate}' ]; do sleep 0.05; done`)
    const port = await freePort()
    await using running = startCommand(['serve', '--rehearsal'], {
      env: env({ VIVAVOCE_CLAUDE_BIN: bin, VIVAVOCE_PORT: String(port) }),
    })
    const url = `http://127.0.0.1:${port}`
    const health = await until(async () => fetch(`${url}/health`).catch(() => undefined), SLOW)
    expect([health.status, await health.json()]).toMatchObject([503, { status: 'starting' }])
    const ask = (): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer test-key' },
        body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'say exactly: here' }] }),
      })
    const refused = await ask()
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'starting' } }])
    expect(running.out()).toBe('')
    await writeFile(gate, '')
    await until(() => running.out().includes(`{"listening":"${url}"}`), SLOW)
    expect(await (await ask()).text()).toContain('here')
  })
})

/** Free a moment ago: for a server whose address must be known before it says it. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('it listened on a port')
  return address.port
}
