/** What was found of each binary, so that it is tried once and not at every start. */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { makeDirectory, parseJson } from '../../lib/index.ts'
import type { CliBinary } from '../locate.ts'
import type { Findings } from './findings.ts'

/** Counts up when the form of the file or what is tried changes: everything is then tried again. */
const FORMAT = 5
const MAX_AGE_MS = 7 * 86_400_000

const abilities = z.object({
  replay: z.enum(['bulk', 'steps', 'none']),
  rewind: z.enum(['jump', 'steps', 'none']),
  systemPrompt: z.enum(['live', 'when-empty', 'fixed']),
  switchModel: z.boolean(),
  liveSettings: z.boolean(),
  environmentNote: z.enum(['absent', 'removable', 'sent']),
  interrupt: z.boolean(),
  functions: z.boolean(),
})

const findings = z.discriminatedUnion('pooled', [
  z.object({ pooled: z.literal(true), abilities }),
  z.object({ pooled: z.literal(false), abilities: z.object({}) }),
])

const file = z.object({
  format: z.literal(FORMAT),
  binaries: z.record(z.string(), z.object({ foundAt: z.iso.datetime(), findings })),
})

export interface CapabilityCache {
  readonly path: string
  /** `undefined` where nothing is known, or what is known is older than a week. */
  get(cli: CliBinary): Promise<Findings | undefined>
  /** Whole or not at all. @throws what the file system throws. */
  put(cli: CliBinary, found: Findings): Promise<void>
}

/** A binary that is replaced under the same name is another one. */
const keyOf = async ({ path, version }: CliBinary): Promise<string> => {
  const { size, mtimeMs } = await stat(path)
  return JSON.stringify([path, version, size, mtimeMs])
}

/** Keeps it in the file at `path`; a file that is missing, cannot be read or has another format holds nothing. */
export function openCapabilityCache(path: string, { nowMs }: { readonly nowMs: () => number }): CapabilityCache {
  const isFresh = ({ foundAt }: { readonly foundAt: string }): boolean => {
    const ageMs = nowMs() - Date.parse(foundAt)
    return ageMs >= 0 && ageMs < MAX_AGE_MS
  }
  async function read(): Promise<z.infer<typeof file>['binaries']> {
    const json = parseJson(await readFile(path, 'utf8').catch(() => ''))
    const parsed = file.safeParse(json.ok ? json.value : undefined)
    return parsed.success ? parsed.data.binaries : {}
  }
  return {
    path,
    async get(cli) {
      const entry = (await read())[await keyOf(cli)]
      return entry !== undefined && isFresh(entry) ? entry.findings : undefined
    },
    async put(cli, found) {
      const others = Object.entries(await read()).filter(([, entry]) => isFresh(entry))
      const entry = { foundAt: new Date(nowMs()).toISOString(), findings: found }
      const text = JSON.stringify({
        format: FORMAT,
        binaries: { ...Object.fromEntries(others), [await keyOf(cli)]: entry },
      })
      await makeDirectory(dirname(path))
      const fresh = `${path}.${randomUUID()}.new`
      try {
        await writeFile(fresh, text)
        await rename(fresh, path)
      } finally {
        await rm(fresh, { force: true })
      }
    },
  }
}
