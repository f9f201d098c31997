import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QUIET_KEY, startProbedGateway, type ProbedGateway } from './probed-gateway.ts'
import { REFUSED } from './refused-shapes.ts'
import { scaled } from './scale.ts'
import { pathOf, type Shape } from './shape-pieces.ts'
import { TAKEN } from './taken-shapes.ts'

const MAX_BUSY_MS = 100
/** The gateway itself and two threads at their limits; and the store, which the first job or conversation opens. */
const MAX_RESIDENT_MB = { chat: 1200, stored: 2000 }
/** A pause that no request caused, such as that of a garbage collection, does not come three times. */
const ATTEMPTS = 3
const PATIENCE_MS = 8000

let gateway: ProbedGateway
beforeAll(async () => {
  gateway = await startProbedGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

interface Seen {
  readonly status: number
  readonly code: unknown
  readonly busyMs: number
  readonly peakResidentMb: number
}

/** The code of a failure, in a body or in the frame of a stream whose headers had left. */
const codeIn = (text: string): unknown => {
  const json = /^(?:data: )?(\{.*)/.exec(text)?.[1]
  if (json === undefined) return undefined
  const { error, code } = JSON.parse(json) as { readonly error?: { readonly code?: unknown }; readonly code?: unknown }
  return code ?? error?.code
}

async function attack(shape: Shape): Promise<Seen> {
  const body = shape.body()
  let seen: Seen | undefined
  for (let attempt = 0; attempt < ATTEMPTS && (seen === undefined || seen.busyMs >= MAX_BUSY_MS); attempt++) {
    await gateway.report()
    const { status, text } = await gateway.post(pathOf(shape), body, {
      ...(shape.headers === undefined ? {} : { headers: shape.headers }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const { busyMs, peakResidentMb } = await gateway.report()
    seen = { status, code: codeIn(text), busyMs, peakResidentMb }
  }
  if (seen === undefined) throw new Error('there is at least one attempt')
  return seen
}

/** In short one of two shapes. */
const some = (shapes: readonly Shape[]): readonly (readonly [string, Shape])[] =>
  shapes
    .filter((_, at) => at % scaled({ full: 1, short: 2 }) === 0)
    .map((shape) => [`${pathOf(shape)}: ${shape.name}`, shape] as const)

describe('a body that nobody may send', () => {
  test.each(some(REFUSED))('[LM1] [LM3] [LM14] %s', async (_name, shape) => {
    const { code, busyMs, peakResidentMb } = await attack(shape)
    expect(code).toBe(shape.code)
    expect(busyMs).toBeLessThan(MAX_BUSY_MS)
    expect(peakResidentMb).toBeLessThan(MAX_RESIDENT_MB[shape.path === undefined ? 'chat' : 'stored'])
  })
})

describe('a body at a limit', () => {
  test.each(some(TAKEN))('[LM5] [LM14] %s', async (_name, shape) => {
    const { status, busyMs, peakResidentMb } = await attack(shape)
    expect([0, 200, 202]).toContain(status)
    expect(busyMs).toBeLessThan(MAX_BUSY_MS)
    expect(peakResidentMb).toBeLessThan(MAX_RESIDENT_MB[shape.path === undefined ? 'chat' : 'stored'])
  })
})

test('[LM8] [LM14] many of the largest bodies at once from one key leave the gateway to another key', async () => {
  const body = `{"messages":[${'1,'.repeat(16 * 1024 * 1024)}1]}`.slice(0, 32 * 1024 * 1024)
  await gateway.report()
  const loud = Array.from({ length: scaled({ full: 24, short: 8 }) }, () => gateway.post('/v1/chat/completions', body))
  const quiet: number[] = []
  for (let turn = 0; turn < 5; turn++) {
    const asked = { model: 'haiku', stream: true, messages: [{ role: 'user', content: 'say exactly: hi' }] }
    const headers = { authorization: `Bearer ${QUIET_KEY}` }
    quiet.push((await gateway.post('/v1/chat/completions', JSON.stringify(asked), { headers })).status)
  }
  const statuses = (await Promise.all(loud)).map(({ status }) => status)
  const { peakResidentMb } = await gateway.report()
  expect(quiet).toEqual([200, 200, 200, 200, 200])
  expect(statuses.every((status) => status === 400 || status === 503)).toBe(true)
  expect(peakResidentMb).toBeLessThan(MAX_RESIDENT_MB.stored)
})
