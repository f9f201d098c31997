import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeJob, refuse, reply, startFakeGateway, type FakeGateway } from '../../../test/support/fake-gateway.ts'
import { createFakeWorld } from '../../../test/support/fake-world.ts'
import { runCommand } from '../../../test/support/run-command.ts'
import { runBare } from '../../../test/support/run-in-world.ts'
import { list } from './list.ts'

let gateway: FakeGateway
beforeEach(async () => {
  gateway = await startFakeGateway()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const ROUTE = 'GET /jobs'
const run = (...args: readonly string[]) =>
  runCommand(['jobs', 'list', ...args], { env: { VIVAVOCE_URL: gateway.url } })
const jobs = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => fakeJob({ job_id: `job_${from + at}` }))
const paths = (): readonly string[] => gateway.asked.map(({ path }) => path)

test('[CM8] jobs are a table, the newest first', async () => {
  gateway.on(
    ROUTE,
    reply({
      jobs: [
        fakeJob({ job_id: 'job_queued', status: 'queued', started_at: null, finished_at: null, cost_usd: null }),
        fakeJob({ agent: 'a\u001b[2Jb\nc' }),
      ],
      next: null,
    }),
  )
  expect(await run()).toEqual({
    code: 0,
    out: [
      'JOB         STATUS     CREATED               TOOK  COST     AGENT',
      'job_queued  queued     2026-01-01T00:00:00Z                 worker',
      'job_1       completed  2026-01-01T00:00:00Z  12s   $0.0312  a␛[2Jb c\n',
    ].join('\n'),
    err: '',
  })
  expect(paths()).toEqual(['/jobs?limit=50'])
})

test('[CM8] a job that runs has taken as long as it runs', async () => {
  gateway.on(ROUTE, reply({ jobs: [fakeJob({ status: 'running', finished_at: null })], next: null }))
  const world = createFakeWorld({ url: gateway.url })
  await world.clock.advance(Date.parse('2026-01-01T00:03:01.000Z') - world.clock.nowMs())
  await runBare(list, [], world)
  expect(world.out()).toMatch(/running .* 3m00s /)
})

test('[CM8] those of a status and an agent only, up to a limit, over as many pages as it takes', async () => {
  gateway.on(ROUTE, reply({ jobs: jobs(200), next: 'job_199 &' }), reply({ jobs: jobs(50, 200), next: 'job_249' }))
  const { code, out, err } = await run('--status', 'failed', '--agent', 'ж&b', '--limit', '250')
  expect(code).toBe(0)
  expect(out.trimEnd().split('\n')).toHaveLength(251)
  expect(err).toBe('there are more: --limit N or --all\n')
  expect(paths()).toEqual([
    '/jobs?status=failed&agent=%D0%B6%26b&limit=200',
    '/jobs?status=failed&agent=%D0%B6%26b&limit=50&after=job_199%20%26',
  ])
})

test('[CM8] a server that gives more than was asked for is cut', async () => {
  gateway.on(ROUTE, reply({ jobs: jobs(9), next: null }))
  const { out, err } = await run('--limit', '2', '--json')
  expect((JSON.parse(out) as { job_id: string }[]).map(({ job_id }) => job_id)).toEqual(['job_0', 'job_1'])
  expect(err).toBe('')
})

test('[CM8] --all lists all there are; a page that is given again and again is told', async () => {
  gateway.on(
    ROUTE,
    reply({ jobs: jobs(2), next: 'a' }),
    reply({ jobs: [], next: 'b' }),
    reply({ jobs: jobs(1, 2), next: null }),
  )
  expect((await run('--all')).out.trimEnd().split('\n')).toHaveLength(4)
  gateway.on(ROUTE, reply({ jobs: [], next: 'a' }))
  expect(await run('--all')).toEqual({
    code: 1,
    out: '',
    err: 'vivavoce: the server gives the same page again and again\n',
  })
})

test('[CM12] --json prints an array, with --all a line for each, whole as the server tells them', async () => {
  const told = [fakeJob({ of_the_future: 1 }), fakeJob({ job_id: 'job_2', metadata: { a: ['\u009b', null] } })]
  gateway.on(ROUTE, reply({ jobs: told, next: 'x' }))
  const some = await run('--json', '--limit', '2')
  expect([JSON.parse(some.out), some.err]).toEqual([told, ''])
  gateway.on(ROUTE, reply({ jobs: told.slice(0, 1), next: 'x' }), reply({ jobs: told.slice(1), next: null }))
  const all = await run('--json', '--all')
  expect(
    all.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(told)
})

test('[CM8] [CM12] where there is none, it says so beside stdout', async () => {
  gateway.on(ROUTE, reply({ jobs: [], next: null }))
  expect(await run()).toEqual({ code: 0, out: '', err: 'no jobs\n' })
  expect(await run('--json')).toEqual({ code: 0, out: '[]\n', err: '' })
  expect(await run('--json', '--all')).toEqual({ code: 0, out: '', err: '' })
})

test('[CM13] what the server does not take is told in its words', async () => {
  gateway.on(ROUTE, refuse(400, 'invalid_request', '`status`: queued or running is expected.'))
  expect(await run('--status', 'odd')).toMatchObject({
    code: 1,
    err: 'vivavoce: `status`: queued or running is expected.\n',
  })
})

test.each([['--limit', '0'], ['--limit', '1.5'], ['--limit', 'x'], ['--limit', '5', '--all'], ['more']])(
  '[CM5] a wrong command line is told, with the usage: %s %s %s',
  async (...args) => {
    const { code, err } = await run(...args.filter((word) => word !== undefined))
    expect(code).toBe(2)
    expect(err).toContain('usage: vivavoce jobs list')
    expect(gateway.asked).toEqual([])
  },
)
