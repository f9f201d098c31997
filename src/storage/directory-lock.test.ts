import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDirectory } from './directory-lock.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-lock-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const take = async (): Promise<AsyncDisposable> => {
  const taken = await lockDirectory(join(directory, 'new', 'data'))
  if (!taken.ok) throw new Error(`held by ${taken.pid}`)
  return taken.lock
}

test('[CF6] a directory that is taken is not taken again until it is given back', async () => {
  const lock = await take()
  await expect(take()).rejects.toThrow(`held by ${process.pid}`)
  await lock[Symbol.asyncDispose]()
  const again = await take()
  await lock[Symbol.asyncDispose]()
  await expect(take()).rejects.toThrow('held by')
  await again[Symbol.asyncDispose]()
})

test.each(['999999999.5 t', `${process.pid}.1 t`, '', 'x'])(
  '[CF6] what a process that is gone has left (%j) is taken over',
  async (left) => {
    await (await take())[Symbol.asyncDispose]()
    await writeFile(join(directory, 'new', 'data', 'server.lock'), left)
    const lock = await take()
    expect(await readFile(join(directory, 'new', 'data', 'server.lock'), 'utf8')).toMatch(
      new RegExp(`^${process.pid}\\.`),
    )
    await lock[Symbol.asyncDispose]()
  },
)

test.each([undefined, '999999999.5 t'])(
  '[CF6] of many that want it at once one has it (left behind: %j)',
  async (left) => {
    const data = join(directory, 'data')
    for (let round = 0; round < 20; round++) {
      await mkdir(data, { recursive: true })
      if (left !== undefined) await writeFile(join(data, 'server.lock'), left)
      const taken = await Promise.all(Array.from({ length: 8 }, () => lockDirectory(data)))
      expect(taken.filter(({ ok }) => ok)).toHaveLength(1)
      expect(await readdir(data)).toEqual(['server.lock'])
      await rm(data, { recursive: true })
    }
  },
)
