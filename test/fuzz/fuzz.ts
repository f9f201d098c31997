/**
 * `npm run fuzz -- --requests 5000 --seed 1`: requests of every kind, right and wrong, their outcome as lines. Exits with
 * 1 when anything was wrong; `--only K` plays the request of that number again and tells all of it.
 */
import { parseArgs } from 'node:util'
import { runFuzz } from './run-fuzz.ts'
import { summaryLines } from './summary.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})

const summary = await runFuzz({
  requests: Number(values.requests),
  seed: Number(values.seed),
  only: values.only === undefined ? undefined : Number(values.only),
  tell: (line) => console.log(line),
})
for (const line of summaryLines(summary)) console.log(line)
if (summary.books.violated > 0) process.exitCode = 1
