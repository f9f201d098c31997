import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createManualClock } from '../../../test/support/manual-clock.ts'
import { createRecordingObserver } from '../../../test/support/recording-observer.ts'
import { collectTurn } from '../../core/index.ts'
import { createStartTimes } from '../start-times.ts'
import { createColdEngine } from './engine.ts'

/** It confirms a rewind without saying that it did one. */
const BIN = fileURLToPath(new URL('../../../test/fixtures/fake-claude', import.meta.url))

test('[WP20] a turn on a process that does not leave its seed behind fails before the model is heard', async () => {
  const observer = createRecordingObserver()
  const engine = createColdEngine({
    bin: BIN,
    passedOn: { PATH: process.env['PATH'] ?? '' },
    seedPath: '/of/a/seed.jsonl',
    persona: 'off',
    afterResultMs: 1000,
    startTimes: createStartTimes({ leastMs: 1000 }),
    clock: createManualClock(),
    observer,
  })
  const agent = { name: 'chat', description: 'Answers.', prompt: 'You answer.', tools: [] }
  const turn = engine.run(
    {
      tenant: 't',
      agent,
      model: 'sonnet',
      limits: { turnMs: 10_000 },
      history: [{ role: 'user', text: '[fake hang-after-text]' }],
    },
    { signal: new AbortController().signal },
  )
  await expect(collectTurn(turn)).rejects.toMatchObject({
    code: 'cli_failed',
    details: { problem: 'it did not rewind its seed' },
  })
  expect(observer.of('process-ended')).toHaveLength(1)
})
