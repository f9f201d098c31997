/**
 * The suite has a temporary directory of its own. At its end nothing that it started carries that directory's name in its
 * environment, and nothing of ours is left in it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Children of the gateways of this suite: they carry the mark of a run. */
const children = (directory: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
        return (
          variables.some((variable) => variable.startsWith(`TMPDIR=${directory}`)) &&
          variables.some((variable) => variable.startsWith('VIVAVOCE_RUN='))
        )
      } catch {
        return false
      }
    })

export default function watchForLeaks(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'vivavoce-suite-'))
  process.env['TMPDIR'] = directory
  return () => {
    const left = readdirSync(directory).filter((name) => name.startsWith('vivavoce-'))
    const running = children(directory).map((pid) => `process ${pid}`)
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    if (left.length + running.length === 0) return
    process.exitCode = 1
    throw new Error(`left behind: ${[...left, ...running].join(', ')}`)
  }
}
