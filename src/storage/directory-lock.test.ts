import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDirectory } from './directory-lock.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-lock-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const data = (): string => join(directory, 'new', 'data')

const take = async (): Promise<AsyncDisposable> => {
  const taken = await lockDirectory(data())
  if (!taken.ok) throw new Error(`held by ${taken.holder}`)
  return taken.lock
}

const HOLDER = `
  import { lockDirectory } from ${JSON.stringify(new URL('directory-lock.ts', import.meta.url).href)}
  const taken = await lockDirectory(process.argv[1])
  process.stdout.write(taken.ok ? 'taken' : 'refused')
  setInterval(() => undefined, 1000)
`

/** Another process that wants the directory; resolves to what it got. */
async function rival(): Promise<{ readonly pid: number; readonly got: string; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, data()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const kill = async (): Promise<void> => {
    const over = once(child, 'exit')
    child.kill('SIGKILL')
    await over
  }
  return { pid: child.pid ?? 0, got: said.toString(), kill }
}

test('[CF6] a directory that is taken is not taken again until it is given back', async () => {
  const lock = await take()
  await expect(take()).rejects.toThrow(`held by process ${process.pid} on `)
  await lock[Symbol.asyncDispose]()
  const again = await take()
  await lock[Symbol.asyncDispose]()
  await expect(take()).rejects.toThrow('held by')
  await again[Symbol.asyncDispose]()
})

test('[CF6] what a living process holds is refused and names it; what a killed one held is taken over', async () => {
  const holder = await rival()
  expect(holder.got).toBe('taken')
  await expect(take()).rejects.toThrow(`held by process ${holder.pid} on `)
  await holder.kill()
  await using _lock = await take()
  const late = await rival()
  expect(late.got).toBe('refused')
  await late.kill()
})

test('[CF6] the name of a holder that is gone keeps nobody out', async () => {
  await (await take())[Symbol.asyncDispose]()
  await writeFile(join(data(), 'owner.txt'), `process 1 on elsewhere, since ever`)
  await using lock = await take()
  expect(lock).toBeDefined()
})

test('[CF6] of many that want it at once one has it', async () => {
  for (let round = 0; round < 20; round++) {
    const taken = await Promise.all(Array.from({ length: 8 }, () => lockDirectory(data())))
    const held = taken.filter((each) => each.ok)
    expect(held).toHaveLength(1)
    for (const { lock } of held) await lock[Symbol.asyncDispose]()
  }
})
