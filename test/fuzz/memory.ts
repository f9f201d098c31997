/** The memory of this process, when nothing is under way in it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const MIB = 1024 * 1024

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
}

/** What is in use after everything that can go has gone, in MiB. */
export async function usedMb(): Promise<number> {
  // What waits for a turn of the event loop is let go before the second time.
  for (let time = 0; time < 3; time++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return Math.round((heapUsed + external) / MIB)
}

/** What the process takes of the machine, in MiB. */
export const residentMb = (): number => Math.round(process.memoryUsage.rss() / MIB)
