/**
 * Processes that a run started and left behind: a shell of the CLI leads a session of its own, so no signal to the CLI's
 * group reaches it, and what a shell puts in the background lives on. All of them inherit a mark in their environment,
 * by which they are found. Needs `/proc`; elsewhere nothing is found.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { isRunning, processIdentity } from '../../lib/index.ts'

/** The variable that carries the mark. */
export const MARK = 'VIVAVOCE_RUN'

/** How often what was found is killed and looked for again: a process may start another between look and kill. */
const MAX_ROUNDS = 10

/** A new mark; it begins with the identity of the process that owns the run. */
export const newMark = (): string => `${processIdentity}-${randomUUID()}`

const marked = (): readonly { readonly pid: number; readonly mark: string }[] => {
  const found: { pid: number; mark: string }[] = []
  let names: readonly string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return found
  }
  for (const name of names) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    try {
      const entry = readFileSync(`/proc/${name}/environ`, 'latin1')
        .split('\0')
        .find((variable) => variable.startsWith(`${MARK}=`))
      if (entry !== undefined) found.push({ pid: Number(name), mark: entry.slice(MARK.length + 1) })
    } catch {
      // It ended meanwhile, or belongs to someone else.
    }
  }
  return found
}

function killAll(isWanted: (mark: string) => boolean): number {
  const killed = new Set<number>()
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = marked().filter(({ pid, mark }) => isWanted(mark) && !killed.has(pid))
    if (found.length === 0) break
    for (const { pid } of found) {
      killed.add(pid)
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended between look and kill.
      }
    }
  }
  return killed.size
}

/** Kills every process that carries the mark; returns how many there were. */
export const killMarked = (mark: string): number => killAll((candidate) => candidate === mark)

/** Kills what runs of servers that are gone left behind; returns how many there were. */
export const killOrphans = (): number => killAll((mark) => !isRunning(mark.split('-')[0] ?? ''))
