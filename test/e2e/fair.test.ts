import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locateCli } from '../../src/claude/index.ts'
import { jobsOn } from '../support/jobs-on-stage.ts'
import { startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

/** A stage verifies its CLI first, and here a CLI that is started from another path. */
const TIMEOUT_MS = 240_000

const QUIET_KEY = 'key-of-the-quiet-tenant'
const QUIET = { authorization: `Bearer ${QUIET_KEY}` }

const body = (text: string) => ({ model: 'haiku', stream: true, messages: [{ role: 'user', content: text }] })

interface Health {
  readonly active: number
  readonly queued: number
  readonly background: object
}

const healthOf = async (stage: Stage): Promise<Health> => (await (await stage.fetch('/health')).json()) as Health

const quiet = async (stage: Stage, text: string): Promise<string> => {
  const reply = await stage.fetch('/v1/chat/completions', { body: body(`say exactly: ${text}`), headers: QUIET })
  return (await readStream(reply)).text
}

describe('two slots, a loud tenant and a quiet one, on the real CLI', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env: { MAX_CONCURRENCY: '2', VIVAVOCE_TENANTS: `quiet=${QUIET_KEY}` } })
  }, TIMEOUT_MS)
  afterAll(() => stage.close())

  test('[AD5] three jobs leave a slot to another tenant’s turn, which is answered while they run and wait', async () => {
    const { submit, reached } = jobsOn(() => stage)
    const ids: string[] = []
    for (let job = 0; job < 3; job++) ids.push(await submit('[rehearse hang=1] hi', { agent: 'conversational' }))
    await reached(ids[0] ?? '', 'running')
    expect(await quiet(stage, 'на живо')).toBe('на живо')
    const statuses: unknown[] = []
    for (const id of ids)
      statuses.push(((await (await stage.fetch(`/jobs/${id}`)).json()) as { status: unknown }).status)
    expect(statuses).toEqual(['running', 'queued', 'queued'])
    expect(await healthOf(stage)).toMatchObject({ queued: 0, background: { active: 1, capacity: 1 } })
    for (const id of ids.toReversed()) await stage.fetch(`/jobs/${id}`, { method: 'DELETE' })
  })

  test('[AD7] a loud tenant’s turns leave a slot to another tenant’s turn', async () => {
    await until(async () => (await healthOf(stage)).active === 0)
    const leaving = new AbortController()
    const loud = Array.from({ length: 4 }, () =>
      stage
        .fetch('/v1/chat/completions', { body: body('[rehearse hang=1] hi'), signal: leaving.signal })
        .catch(() => undefined),
    )
    await until(async () => (await healthOf(stage)).queued === 3)
    expect(await quiet(stage, 'и аз съм тук')).toBe('и аз съм тук')
    expect(await healthOf(stage)).toMatchObject({ active: 1, queued: 3 })
    leaving.abort()
    await Promise.all(loud)
  })
})

test(
  '[WP17] with one process a loud tenant’s turns that wait do not keep another tenant’s turn from being next',
  async () => {
    await using stage = await startStage({
      env: { VIVAVOCE_POOL_MAX: '1', VIVAVOCE_POOL_SPARES: '0', VIVAVOCE_TENANTS: `quiet=${QUIET_KEY}` },
    })
    const ask = async (number: number): Promise<string> => {
      const text = `count to 10 for ${number} [rehearse slow=150]`
      return await (await stage.fetch('/v1/chat/completions', { body: body(text) })).text()
    }
    const loud = Array.from({ length: 6 }, (_, number) => ask(number))
    const before = await until(() => stage.rehearsal.requests.length || undefined)
    expect(await quiet(stage, 'тихо')).toBe('тихо')
    for (const reply of await Promise.all(loud)) expect(reply).toContain('[DONE]')
    const order = stage.rehearsal.requests.map(({ rawBody }) => (rawBody.includes('тихо') ? 'quiet' : 'loud'))
    // In the order in which they came it would be the seventh.
    expect(order.indexOf('quiet')).toBeLessThanOrEqual(before + 1)
    expect(order).toHaveLength(7)
  },
  TIMEOUT_MS,
)

test(
  '[WP18] a CLI that takes longer to start than the setting is waited for',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-slow-'))
    const isSlow = join(directory, 'slow')
    const bin = join(directory, 'claude')
    const { path } = await locateCli({ wanted: undefined, searchPath: '' })
    await writeFile(bin, `#!/bin/sh\n[ -e '${isSlow}' ] && sleep 6\nexec '${path}' "$@"\n`, { mode: 0o755 })
    const env = { VIVAVOCE_CLAUDE_BIN: bin, VIVAVOCE_POOL_SPARES: '0', VIVAVOCE_START_TIMEOUT_SECONDS: '1' }
    {
      await using stage = await startStage({ env })
      await writeFile(isSlow, '')
      const reply = await stage.fetch('/v1/chat/completions', { body: body('say exactly: най-после') })
      expect((await readStream(reply)).text).toBe('най-после')
      const failed = stage.observations.filter(({ type }) => type === 'process-start-failed')
      expect(failed.length).toBeGreaterThan(0)
      for (const one of failed) expect(one).toMatchObject({ error: { code: 'overloaded' } })
    }
    await rm(directory, { recursive: true, force: true })
  },
  TIMEOUT_MS,
)
