import { readFile } from 'node:fs/promises'

/** The memory in MiB that a process has for itself, shared with no other; `undefined` where it cannot be told (no `/proc`). */
export async function ownMemoryMb(pid: number): Promise<number | undefined> {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? undefined : Number(kib) / 1024
  } catch {
    return undefined
  }
}
