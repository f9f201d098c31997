/** Hundreds of clients follow the events of jobs; another tenant's requests about jobs are answered as before. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobsOn } from '../support/jobs-on-stage.ts'
import { delay, startStage, type Stage } from '../support/stage.ts'
import { scaled } from './scale.ts'

/** What one tenant may follow at once. */
const MOST = 100
const LOUD = ['loud-1', 'loud-2', 'loud-3']
const keyOf = (tenant: string): string => `key-of-the-tenant-${tenant}`
const as = (tenant: string) => ({ authorization: `Bearer ${keyOf(tenant)}` })
/** A job that says something all the time: each event is read for each who follows it. */
const TALKING = 'count to 100000 [rehearse slow=20]'
const LISTS = scaled({ full: 100, short: 30 })

let stage: Stage
beforeAll(async () => {
  const tenants = ['quiet', ...LOUD].map((tenant) => `${tenant}=${keyOf(tenant)}`)
  stage = await startStage({ env: { VIVAVOCE_TENANTS: tenants.join(',') } })
})
afterAll(() => stage.close())

/** The mean time of a list of jobs, asked for at any time of what recurs. */
async function listMs(): Promise<number> {
  let ms = 0
  for (let list = 0; list < LISTS; list++) {
    await delay(list % 40)
    const sinceMs = performance.now()
    const reply = await stage.fetch('/jobs', { headers: as('quiet') })
    expect(reply.status).toBe(200)
    await reply.text()
    ms += performance.now() - sinceMs
  }
  return ms / LISTS
}

test('[JB19] [JB20] three hundred followers cost another tenant’s lists little, and one tenant has no more than its limit', async () => {
  const { submit } = jobsOn(() => stage)
  const talking = { agent: 'conversational' }
  const ids = new Map<string, string>()
  for (const tenant of LOUD) ids.set(tenant, await submit(TALKING, talking, as(tenant)))
  await listMs()
  const aloneMs = await listMs()

  const leaving = new AbortController()
  const follow = (tenant: string): Promise<Response> =>
    stage.fetch(`/jobs/${ids.get(tenant)}/events`, { headers: as(tenant), signal: leaving.signal })
  for (const tenant of LOUD) {
    const replies = await Promise.all(Array.from({ length: MOST }, () => follow(tenant)))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
  }
  const followedMs = await listMs()
  // It was forty times as long when each follower asked the store for itself.
  expect(followedMs).toBeLessThan(10 * aloneMs)

  const refused = await follow('loud-1')
  expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'too_many_followers' }])
  leaving.abort()
  for (const tenant of LOUD) await stage.fetch(`/jobs/${ids.get(tenant)}`, { method: 'DELETE', headers: as(tenant) })
})
