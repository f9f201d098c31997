import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { LogLevel } from './log-events.ts'

const LOG = new URL('./log.ts', import.meta.url).href
const CORE = new URL('../core/index.ts', import.meta.url).href
const INFO = 30
const ERROR = 50

/** The lines that a program with a log writes on its stderr, their times left out. */
async function linesOf(statements: string, level: LogLevel = 'debug'): Promise<readonly Record<string, unknown>[]> {
  const program = `
    import { createLog } from ${JSON.stringify(LOG)}
    import { GatewayError } from ${JSON.stringify(CORE)}
    const log = createLog({ level: ${JSON.stringify(level)} })
    const failed = (error) => log.observe({ type: 'request-failed', requestId: 'req_1', code: error.code, error })
    const ignored = (requestId, ...names) => log.observe({ type: 'parameters-ignored', requestId, names })
    ${statements}`
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const { time: _time, ...rest } = JSON.parse(line) as Record<string, unknown>
      return rest
    })
}

test('[CC7] [R3] the log says of each parameter once that it is ignored', async () => {
  expect(
    await linesOf(`
      ignored('req_1', 'seed', 'user')
      ignored('req_2', 'user', 'seed')
      ignored('req_3', 'seed', 'top_p')
      ignored('req_4', 'top_p')`),
  ).toEqual([
    { level: INFO, requestId: 'req_1', names: ['seed', 'user'], msg: 'parameters-ignored' },
    { level: INFO, requestId: 'req_3', names: ['top_p'], msg: 'parameters-ignored' },
  ])
})

test('[LG1] a failure that is the caller’s is told by its code and field, without what was sent', async () => {
  expect(
    await linesOf(`
      failed(new GatewayError('invalid_request', '\`a.b\`: secret of the caller', { param: 'a.b', details: { at: 1 } }))
      failed(new GatewayError('model_not_found', 'secret of the caller'))`),
  ).toEqual([
    {
      level: INFO,
      requestId: 'req_1',
      code: 'invalid_request',
      param: 'a.b',
      details: { at: 1 },
      msg: 'request-failed',
    },
    { level: INFO, requestId: 'req_1', code: 'model_not_found', details: {}, msg: 'request-failed' },
  ])
})

test('[LG1] a failure of ours is told with what was behind it', async () => {
  expect(
    await linesOf(`
      failed(new GatewayError('cli_failed', 'It failed.', { cause: new Error('why'), details: { stderr: 'words' } }))`),
  ).toEqual([
    {
      level: ERROR,
      requestId: 'req_1',
      code: 'cli_failed',
      reason: 'It failed.',
      cause: 'why',
      details: { stderr: 'words' },
      msg: 'request-failed',
    },
  ])
})

test('[LG1] what belongs to the day’s work is no error in the log', async () => {
  const lines = await linesOf(
    `for (const code of ['superseded', 'shutting_down', 'queue_full', 'job_queue_full', 'schema_unmet', 'picture_unavailable'])
      failed(new GatewayError(code, 'Не стана.'))`,
  )
  expect(lines.map(({ code, level }) => [code, level])).toEqual([
    ['superseded', INFO],
    ['shutting_down', INFO],
    ['queue_full', INFO],
    ['job_queue_full', INFO],
    ['schema_unmet', ERROR],
    ['picture_unavailable', ERROR],
  ])
})

test('[JB13] a callback that failed is told with what stood in its way, and with its cause where there is one', async () => {
  expect(
    await linesOf(`
      const callback = { type: 'callback-failed', jobId: 'job_1', problem: 'it took too long', isGivenUp: false }
      log.observe(callback)
      log.observe({ ...callback, error: new GatewayError('cli_failed', 'why') })`),
  ).toMatchObject([
    { level: 40, jobId: 'job_1', problem: 'it took too long', isGivenUp: false, msg: 'callback-failed' },
    { problem: 'it took too long', reason: 'why' },
  ])
})

test('[LG1] nothing below the level is written, and a silent log writes nothing', async () => {
  const statements = `
    ignored('req_1', 'seed')
    log.info('Започва.', { a: 1 })
    failed(new GatewayError('cli_failed', 'It failed.'))`
  expect((await linesOf(statements, 'info')).map(({ msg }) => msg)).toEqual([
    'parameters-ignored',
    'Започва.',
    'request-failed',
  ])
  expect((await linesOf(statements, 'error')).map(({ msg }) => msg)).toEqual(['request-failed'])
  expect(await linesOf(statements, 'silent')).toEqual([])
})

test('[LG9] a log with a renderer writes what that makes of each record', async () => {
  const render = `({ timeMs, ...record }) => JSON.stringify({ time: timeMs, isNow: Math.abs(Date.now() - timeMs) < 60_000, ...record })`
  expect(
    await linesOf(
      `
      const shown = createLog({ level: 'debug', render: ${render} })
      shown.info('serving', { a: 1 })
      shown.observe({ type: 'cli-capabilities-refused', problem: 'p' })
      shown.observe({ type: 'line-ignored', problem: 'q' })`,
    ),
  ).toEqual([
    { isNow: true, level: 'info', message: 'serving', fields: { a: 1 } },
    { isNow: true, level: 'error', message: 'cli-capabilities-refused', fields: { problem: 'p' } },
    { isNow: true, level: 'debug', message: 'line-ignored', fields: { problem: 'q' } },
  ])
})
