/** The key of a gateway for which nobody configured one: kept in the data directory, so that a restart does not change it. */
import { randomUUID } from 'node:crypto'
import { link, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, type Config } from './config/index.ts'
import { newId } from './core/index.ts'
import { hasCode, systemReason } from './lib/index.ts'

const PREFIX = 'vv-'
const KEY = /^vv-[0-9a-f]{32}$/
const OTHERS_MAY = 0o077
const OWNER_ONLY = 0o600

export interface KeyFile {
  readonly path: string
  readonly value: string
  /** Whether the key was made just now. */
  readonly isNew: boolean
}

/** Where the key is kept; `undefined` where the configuration has keys. */
export const keyPathOf = ({
  API_BEARER_TOKEN: own,
  VIVAVOCE_TENANTS: tenants,
  dataDirectory,
}: Pick<Config, 'API_BEARER_TOKEN' | 'VIVAVOCE_TENANTS' | 'dataDirectory'>): string | undefined =>
  own === undefined && tenants === undefined ? join(dataDirectory, 'api-key') : undefined

const unusable = (path: string, why: string, advice: string): ConfigError =>
  new ConfigError([`API_BEARER_TOKEN: the key in ${path} cannot be used: ${why}. ${advice}, or set API_BEARER_TOKEN`])

/**
 * The key in the file, `undefined` where there is no file. Afterwards no other user may read the file.
 * @throws ConfigError when the file holds no key or cannot be read.
 */
export async function readKeyFile(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path)
    const { mode } = await file.stat()
    if ((mode & OTHERS_MAY) !== 0) await file.chmod(OWNER_ONLY)
    const key = (await file.readFile('utf8')).trimEnd()
    if (KEY.test(key)) return key
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw unusable(path, systemReason(error), 'Make it a file of this user')
  }
  throw unusable(
    path,
    'it does not hold a key that vivavoce made',
    'Remove the file, and the next start makes a new key',
  )
}

/** Makes the file whole or not at all; of several that do so at once, one wins. Resolves to whether it was this one. */
async function makeKeyFile(path: string, key: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, `${key}\n`, { flag: 'wx', mode: OWNER_ONLY })
    // Unlike a rename, it fails when the file is there.
    await link(draft, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw unusable(path, systemReason(error), 'Make its directory writable')
  } finally {
    await rm(draft, { force: true })
  }
}

/** Reads the key, or makes it. @throws ConfigError where neither can be done. */
export async function openKeyFile(path: string): Promise<KeyFile> {
  const kept = await readKeyFile(path)
  if (kept !== undefined) return { path, value: kept, isNew: false }
  const value = newId(PREFIX)
  if (await makeKeyFile(path, value)) return { path, value, isNew: true }
  return await openKeyFile(path)
}
