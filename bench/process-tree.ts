/** What processes cost, as Linux tells it (proc(5)); `undefined` elsewhere. */
import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time for programs in hundredths of a second on every architecture. */
const MS_PER_TICK = 10

interface ProcessFigures {
  readonly pid: number
  readonly parent: number
  /** Its own and that of its children that have ended and were waited for. */
  readonly cpuMs: number
}

function readProcess(pid: number): ProcessFigures | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    // It has ended since the list was read.
    return undefined
  }
  // What stands before the state, the program's name in parentheses, may hold any character.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid, parent: Number(fields[1]), cpuMs: ticks * MS_PER_TICK }
}

function everyProcess(): readonly ProcessFigures[] {
  let names: readonly string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  return names.filter((name) => /^\d+$/.test(name)).flatMap((name) => readProcess(Number(name)) ?? [])
}

/** The process and whatever descends from it, parents first; empty where it is not told. */
function treeOf(root: number): readonly ProcessFigures[] {
  const all = everyProcess()
  const found = all.filter(({ pid }) => pid === root)
  // The list grows while it is gone through, so that children of children are found.
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid))
  return found
}

/** The children that the process has. */
export const childrenOf = (root: number): readonly number[] =>
  everyProcess().flatMap(({ pid, parent }) => (parent === root ? [pid] : []))

/** The processes whose home the directory is. */
export const processesAtHome = (directory: string): readonly number[] =>
  everyProcess().flatMap(({ pid }) => (environmentOf(pid).includes(`HOME=${directory}`) ? [pid] : []))

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    // It has ended since the list was read, or is another user's.
    return []
  }
}

/** The processor time that the process and all that it started have used, in milliseconds. */
export function cpuMsOf(root: number): number | undefined {
  const tree = treeOf(root)
  return tree.length === 0 ? undefined : tree.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
}

/** Memory of a process in MiB, what it shares with others divided among them (its proportional set size). */
export function memoryMiBOf(pid: number): number | undefined {
  try {
    const kib = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]
    return kib === undefined ? undefined : Number(kib) / 1024
  } catch {
    return undefined
  }
}
