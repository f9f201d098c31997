/** The benchmark's command: one run, everything side by side. See README.md in this folder. */
import { parseArgs } from 'node:util'
import { nowMs } from './clock.ts'
import { toMarkdown } from './markdown.ts'
import { toReport } from './report.ts'
import { run } from './run.ts'
import { FULL, QUICK } from './sizes.ts'

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => stopping.abort(new Error(`stopped by ${name}`)))
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
  })
  const sizes = values.quick ? QUICK : FULL
  const beganAtMs = nowMs()
  const measured = await run({
    sizes,
    signal: stopping.signal,
    onProgress: (text) => process.stderr.write(`${text}\n`),
  })
  const command = values.quick ? 'npm run bench -- --quick' : 'npm run bench'
  const report = toReport(measured, { command, beganAtMs, endedAtMs: nowMs(), sizes })
  process.stdout.write(`${values.json ? JSON.stringify(report, undefined, 2) : toMarkdown(report)}\n`)
}

try {
  await main()
} catch (error) {
  const told: unknown = stopping.signal.aborted ? stopping.signal.reason : error
  process.stderr.write(`bench: ${told instanceof Error ? told.message : String(told)}\n`)
  process.exitCode = 1
}
