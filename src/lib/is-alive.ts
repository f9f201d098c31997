import { readFileSync } from 'node:fs'
import { hasCode } from './has-code.ts'

/** Whether a process runs. One that has ended and waits to be collected by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
  try {
    // The state stands behind the name, which is in parentheses and may hold any character.
    return !/\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    // No /proc here, or it ended just now; the next look tells.
    return true
  }
}
