import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeJob, refuse, reply, startFakeGateway, type FakeGateway } from '../../../test/support/fake-gateway.ts'
import { runCommand } from '../../../test/support/run-command.ts'

let gateway: FakeGateway
beforeEach(async () => {
  gateway = await startFakeGateway()
  gateway.on('DELETE /jobs/job_1', reply(fakeJob({ status: 'cancelled' })))
  gateway.on('DELETE /jobs/job_3', reply(fakeJob({ job_id: 'job_3' })))
})
afterEach(() => gateway[Symbol.asyncDispose]())

const run = (...args: readonly string[]) =>
  runCommand(['jobs', 'cancel', ...args], { env: { VIVAVOCE_URL: gateway.url } })

test('[CM10] each job is ended and its state told; one that was over stays as it was', async () => {
  expect(await run('job_1', 'job_3')).toEqual({ code: 0, out: 'job_1: cancelled\njob_3: completed\n', err: '' })
})

test('[CM10] one that is not there keeps none of the others from it', async () => {
  gateway.on('DELETE /jobs/job_2', refuse(404, 'not_found', 'There is no such job.'))
  expect(await run('..', 'job_2', 'job_1')).toEqual({
    code: 1,
    out: 'job_1: cancelled\n',
    err: 'vivavoce: ..: `..` is not the id of a job\nvivavoce: job_2: There is no such job.\n',
  })
  const { code, out, err } = await run('--json', 'job_2', 'job_1')
  expect(code).toBe(1)
  expect(JSON.parse(out)).toEqual([fakeJob({ status: 'cancelled' })])
  expect(JSON.parse(err)).toEqual({
    error: { message: 'There is no such job.', code: 'not_found', status: 404, job_id: 'job_2' },
  })
})

test('[CM5] without an id there is nothing to end', async () => {
  const { code, err } = await run()
  expect(code).toBe(2)
  expect(err).toContain('usage: vivavoce jobs cancel')
})
