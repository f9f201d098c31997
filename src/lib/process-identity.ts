import { readFileSync } from 'node:fs'
import { isAlive } from './is-alive.ts'

/** When a process began, in ticks since the machine did; `0` where that is not told. Source: proc(5), `stat`, field 22. */
function startOf(pid: number): string {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '')
    return afterName.split(' ')[19] ?? '0'
  } catch {
    return '0'
  }
}

/** Names a process as no other, before or after it, is named: numbers of processes are used again. */
export const identityOf = (pid: number): string => `${pid}.${startOf(pid)}`

export const processIdentity = identityOf(process.pid)

/** Whether the process of that identity runs. What is no identity names none. */
export function isRunning(identity: string): boolean {
  const [, pid, start] = /^(\d+)\.(\d+)$/.exec(identity) ?? []
  return pid !== undefined && isAlive(Number(pid)) && startOf(Number(pid)) === start
}
