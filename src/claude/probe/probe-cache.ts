/** What was found of each binary, so that it is tried once and not at every start. */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../../lib/index.ts'
import type { CliBinary } from '../locate.ts'
import type { Abilities } from '../warm/index.ts'

/** Counts up when what is tried changes: what was found before is then tried anew. */
const REVISION = 3

const abilities = z.object({
  replay: z.enum(['bulk', 'steps', 'none']),
  rewind: z.enum(['jump', 'steps', 'none']),
  systemPrompt: z.enum(['live', 'when-empty', 'fixed']),
  switchModel: z.boolean(),
  liveSettings: z.boolean(),
  interrupt: z.boolean(),
  functions: z.boolean(),
})

const file = z.record(z.string(), abilities)

export interface ProbeCache {
  get(cli: CliBinary): Promise<Abilities | undefined>
  put(cli: CliBinary, found: Abilities): Promise<void>
}

/** A binary that is replaced under the same name is another one. */
const keyOf = async ({ path, version }: CliBinary): Promise<string> => {
  const { size, mtimeMs } = await stat(path)
  return JSON.stringify([REVISION, path, version, size, mtimeMs])
}

/** Keeps it in the file at `path`; one that is missing or cannot be read holds nothing. */
export function openProbeCache(path: string): ProbeCache {
  async function read(): Promise<z.infer<typeof file>> {
    const json = parseJson(await readFile(path, 'utf8').catch(() => ''))
    const parsed = file.safeParse(json.ok ? json.value : undefined)
    return parsed.success ? parsed.data : {}
  }
  return {
    get: async (cli) => (await read())[await keyOf(cli)],
    async put(cli, found) {
      const text = JSON.stringify({ ...(await read()), [await keyOf(cli)]: found })
      await mkdir(dirname(path), { recursive: true })
      const fresh = `${path}.${randomUUID()}.new`
      await writeFile(fresh, text)
      await rename(fresh, path)
    },
  }
}
