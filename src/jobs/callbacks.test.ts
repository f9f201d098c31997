import { expect, test } from 'vitest'
import { openJobs } from '../../test/support/open-jobs.ts'
import { forever, says } from '../../test/support/scripted-engine.ts'
import { GatewayError } from '../core/index.ts'
import { orAborted } from '../lib/index.ts'
import type { JobCallbackSender } from './ports.ts'

const callbackUrl = 'https://example.com/hook'

type Sent = Awaited<ReturnType<JobCallbackSender['send']>>
type Callback = Parameters<JobCallbackSender['send']>[0]

/** A sender that is answered as the script says; the last answer stands for all that follow. */
function createSender(...script: readonly (Sent | Error | Promise<Sent>)[]) {
  const sent: Callback[] = []
  return {
    sent,
    async send(callback: Callback): Promise<Sent> {
      const answer = script[Math.min(sent.length, script.length - 1)]
      sent.push(callback)
      if (answer instanceof Error) throw answer
      if (answer === undefined) throw new Error('the script has no answer')
      return await orAborted(Promise.resolve(answer), callback.signal)
    },
  }
}

const ok: Sent = { ok: true, status: 200 }
const down: Sent = { ok: false, retryable: true, reason: 'the server answered with status 503' }

test('[JB13] the outcome of a job is sent once, where the order says so', async () => {
  const sender = createSender(ok)
  const { submit, done, clock, observer } = openJobs(() => says('a'), { sender })
  await done(await submit())
  const id = await submit({ callbackUrl })
  await done(id)
  await clock.advance(0)
  expect(sender.sent).toHaveLength(1)
  await clock.advance(60_000)
  expect(sender.sent.map(({ url, id, body }) => ({ url, id, body }))).toEqual([
    { url: callbackUrl, id, body: JSON.stringify({ told: id, status: 'completed' }) },
  ])
  expect(observer.of('callback-sent')).toEqual([{ type: 'callback-sent', jobId: id, status: 200 }])
})

test('[JB13] failures and cancellations are told too', async () => {
  const sender = createSender(ok)
  const { submit, done, jobs, clock } = openJobs(
    (_, index) => (index === 0 ? [new GatewayError('budget_exceeded', 'No.')] : [forever()]),
    { sender },
  )
  const failed = await submit({ callbackUrl })
  await done(failed)
  const cancelled = await submit({ callbackUrl })
  await jobs.cancel({ tenant: 't', id: cancelled })
  await clock.advance(1000)
  expect(sender.sent.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { told: failed, status: 'failed' },
    { told: cancelled, status: 'cancelled' },
  ])
})

test('[JB13] what does not arrive is sent again, word for word, until it does', async () => {
  const sender = createSender(down, down, ok)
  const { submit, done, clock, observer } = openJobs(() => says('a'), { sender })
  const id = await submit({ callbackUrl })
  await done(id)
  await clock.advance(60_000)
  expect(sender.sent).toHaveLength(3)
  expect(new Set(sender.sent.map(({ id, body }) => `${id} ${body}`)).size).toBe(1)
  expect(observer.of('callback-failed')).toMatchObject([
    { jobId: id, problem: 'the server answered with status 503', isGivenUp: false },
    { isGivenUp: false },
  ])
})

test('[JB13] what is refused for good is not sent again; what never arrives is given up', async () => {
  const refused = createSender({ ok: false, retryable: false, reason: 'gone' })
  const one = openJobs(() => says('a'), { sender: refused })
  await one.done(await one.submit({ callbackUrl }))
  await one.clock.advance(600_000)
  expect(refused.sent).toHaveLength(1)
  expect(one.observer.of('callback-failed')).toMatchObject([{ isGivenUp: true }])

  const never = createSender(down)
  const two = openJobs(() => says('a'), { sender: never })
  await two.done(await two.submit({ callbackUrl }))
  await two.clock.advance(600_000)
  expect(never.sent).toHaveLength(8)
  expect(two.observer.of('callback-failed').map(({ isGivenUp }) => isGivenUp)).toEqual([
    ...Array.from({ length: 7 }, () => false),
    true,
  ])
})

test('[JB13] a few are sent at a time, and a slow receiver holds up nobody for ever', async () => {
  const gate = Promise.withResolvers<Sent>()
  const sender = createSender(gate.promise)
  const { submit, done, clock } = openJobs(() => says('a'), { sender })
  for (let index = 0; index < 6; index++) await done(await submit({ callbackUrl }))
  await clock.advance(5000)
  expect(sender.sent).toHaveLength(4)
  gate.resolve(ok)
  await clock.advance(1000)
  expect(sender.sent).toHaveLength(6)
})

test('[JB13] a store or a sender that fails is reported, and the callback is not lost', async () => {
  let failing = 2
  const sender = createSender(ok)
  const { submit, done, clock, observer } = openJobs(() => says('a'), {
    sender,
    through: (store) => ({
      ...store,
      async nextCallback() {
        if (failing-- > 0) throw new Error('no connection')
        return await store.nextCallback()
      },
    }),
  })
  await done(await submit({ callbackUrl }))
  await clock.advance(5000)
  expect(sender.sent).toHaveLength(1)
  expect(observer.of('job-store-failed').map(({ what }) => what)).toEqual(['callback', 'callback'])

  const broken = createSender(new TypeError('defect'), ok)
  const two = openJobs(() => says('a'), { sender: broken })
  await two.done(await two.submit({ callbackUrl }))
  await two.clock.advance(61_000)
  expect([broken.sent.length, two.observer.of('job-store-failed').length]).toEqual([2, 1])
})

test('[JB13] closing breaks off what is being sent; it is not settled', async () => {
  const sender = createSender(new Promise<Sent>(() => undefined))
  let settled = 0
  const { submit, done, clock, jobs, observer } = openJobs(() => says('a'), {
    sender,
    through: (store) => ({
      ...store,
      async settleCallback(...args) {
        settled++
        await store.settleCallback(...args)
      },
    }),
  })
  await done(await submit({ callbackUrl }))
  await clock.advance(1000)
  await jobs.close()
  expect([sender.sent.length, settled, clock.armed, observer.of('job-store-failed')]).toEqual([1, 0, 0, []])
})
