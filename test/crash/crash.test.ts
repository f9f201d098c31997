import { expect, inject, test } from 'vitest'
import { runCampaign } from './campaign.ts'

const options = { kills: 6, seed: 1, progress: () => undefined }

test('[SR5] [JB6] [CV5] a gateway on PGlite is killed again and again: nothing acknowledged is lost, nothing is left', async () => {
  const { losses, jobs, turns } = await runCampaign(options)
  expect(losses).toEqual([])
  expect(Math.min(jobs, turns)).toBeGreaterThan(5)
}, 300_000)

test.skipIf(inject('postgresUrl') === '')(
  '[SR5] [JB6] [CV5] two gateways on one PostgreSQL are killed again and again: each job has one outcome',
  async () => {
    const { losses, jobs, turns, takeOverMs } = await runCampaign({ ...options, databaseUrl: inject('postgresUrl') })
    expect(losses).toEqual([])
    expect(Math.min(jobs, turns)).toBeGreaterThan(5)
    // Three times the heartbeat.
    expect(takeOverMs.filter((ms) => ms > 30_000)).toEqual([])
  },
  300_000,
)
