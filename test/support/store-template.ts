/** An empty PGlite store, made once for a test run and copied for those who need one: making it takes seconds. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { createStores } from '../../src/storage/index.ts'
import { hasCode } from '../../src/lib/index.ts'

declare module 'vitest' {
  interface ProvidedContext {
    storeTemplate: string
  }
}

async function make(template: string): Promise<void> {
  const directory = `${template}.${randomUUID()}`
  await mkdir(directory)
  const stores = createStores({
    dataDirectory: directory,
    databaseUrl: undefined,
    heartbeatSeconds: 10,
    observer: { observe: () => undefined },
  })
  await stores.open()
  await stores.close()
  try {
    await rename(join(directory, 'store'), template)
  } catch (error) {
    // Somebody else was faster.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
  }
  await rm(directory, { recursive: true, force: true })
}

/** Puts an empty store into a data directory. */
export async function putStore(dataDirectory: string): Promise<void> {
  const template = inject('storeTemplate')
  if (!existsSync(template)) await make(template)
  await cp(template, join(dataDirectory, 'store'), { recursive: true })
}

/** Of the test runner. */
export async function setup(project: {
  provide(key: 'storeTemplate', path: string): void
}): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-template-'))
  project.provide('storeTemplate', join(directory, 'store'))
  return () => rm(directory, { recursive: true, force: true })
}
