/** `npm run soak -- --conversations 2000 --seed 1`: a long soak, its progress and its result as lines. Exits with 1 when anything was wrong. */
import { parseArgs } from 'node:util'
import { runSoak } from './run-soak.ts'
import { summaryLines } from './summary.ts'

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    'kill-every': { type: 'string', default: '50' },
  },
})

const summary = await runSoak({
  conversations: Number(values.conversations),
  seed: Number(values.seed),
  killEvery: Number(values['kill-every']),
  progress: (line) => console.log(line),
})
for (const line of summaryLines(summary)) console.log(line)
if (summary.ledger.violated > 0) process.exitCode = 1
