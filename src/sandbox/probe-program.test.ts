import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { probeProgram, probeResults } from './probe-program.ts'
import { architectureOf } from './system-calls.ts'

const architecture = architectureOf(process.arch)

test.skipIf(process.platform !== 'linux' || architecture === undefined)(
  '[SB7] the program of the trial makes the calls it is given and writes what each returned',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-probe-'))
    try {
      // getppid, ioctl on no descriptor, a call that there is not.
      const numbers = architecture === 'x86_64' ? [110, 16] : [173, 29]
      const probes = [
        { number: numbers[0] ?? 0, first: 0, second: 0 },
        { number: numbers[1] ?? 0, first: -1, second: 0x5401 },
        { number: 5000, first: 0, second: 0 },
      ]
      const path = join(directory, 'probe')
      await writeFile(path, probeProgram(architecture ?? 'x86_64', probes), { mode: 0o700 })
      expect(probeResults(execFileSync(path))).toEqual([process.pid, -9, -38])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)
