import { existsSync } from 'node:fs'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasPostgres, openStoreHome, type HomeKind } from '../../test/support/open-store.ts'
import type { ConversationName, ConversationStore, JobOrder } from '../core/index.ts'
import { createRecordingObserver } from '../../test/support/recording-observer.ts'
import { createStores } from './stores.ts'

const HOMES: readonly HomeKind[] = ['pglite', 'postgres']

const name: ConversationName = { tenant: 't', id: 's' }
const order: JobOrder = {
  tenant: 't',
  agent: 'a',
  prompt: 'p',
  model: 'm',
  budgetUsd: 1,
  timeoutMs: 1000,
  metadata: '{}',
  priority: 0,
}

async function say(store: ConversationStore, user: string): Promise<void> {
  const claim = await store.claim(name, { leaseMs: 10_000 })
  if (claim === undefined) throw new Error('the conversation is held')
  const turn = { interrupted: false, agent: 'a', model: 'm', askedAtMs: 1, answeredAtMs: 2 }
  expect(await store.append(claim, { ...turn, user, assistant: `re: ${user}` })).toBe(true)
}

describe.each(HOMES)('%s', (kind) => {
  const skipped = kind === 'postgres' && !hasPostgres()

  test.skipIf(skipped)('[SR1] it is opened by the first who needs it, once, and keeps what it was given', async () => {
    await using home = await openStoreHome(kind)
    const first = home.open()
    expect(first.isOpen).toBe(false)
    const [a, b] = await Promise.all([first.open(), first.open()])
    expect(a).toBe(b)
    await say(a.conversations, 'one')
    await first.close()
    expect(first.isOpen).toBe(false)
    const second = home.open()
    const { conversations } = await second.open()
    await say(conversations, 'two')
    expect((await conversations.get(name))?.turns.map(({ user }) => user)).toEqual(['one', 'two'])
    await second.close()
  })

  test.skipIf(skipped)('[SR5] a statement that fails in a transaction spoils nothing for the next one', async () => {
    await using home = await openStoreHome(kind)
    const stores = home.open()
    const { conversations, jobs } = await stores.open()
    // A NUL gets as far as the database only here, where no text of a caller can be.
    await expect(jobs.submit('j', { ...order, model: 'a\0' }, { maxQueued: 10 })).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { message: expect.stringMatching(/0x00|invalid byte/) },
    })
    await say(conversations, 'after')
    expect(await jobs.get('j')).toBeUndefined()
    await stores.close()
  })

  test.skipIf(skipped)('[SR5] many at once are each served', async () => {
    await using home = await openStoreHome(kind)
    const stores = home.open()
    const { jobs } = await stores.open()
    const ids = Array.from({ length: 60 }, (_, index) => `job_${index}`)
    await Promise.all(ids.map((id) => jobs.submit(id, order, { maxQueued: 100 })))
    const begun = await Promise.all(ids.map(() => jobs.begin({ maxFailures: 3 })))
    expect(new Set(begun.map((attempt) => attempt?.job.id)).size).toBe(60)
    await stores.close()
  })
})

test('[SR1] nothing is made or opened by looking', async () => {
  await using home = await openStoreHome('pglite', { made: false })
  const stores = home.open()
  expect([stores.isOpen, stores.mayHaveWork]).toEqual([false, false])
  await stores.close()
  expect(await readdir(home.dataDirectory)).toEqual([])
})

test('[SR2] a home that was not made to its end is made anew', async () => {
  await using home = await openStoreHome('pglite', { made: false })
  const half = join(home.dataDirectory, 'store', 'postgres')
  await mkdir(half, { recursive: true })
  await writeFile(join(half, 'PG_VERSION'), '18')
  const stores = home.open()
  const { conversations } = await stores.open()
  await say(conversations, 'one')
  expect((await conversations.get(name))?.turnCount).toBe(1)
  await stores.close()
})

test('[SR3] a server that is not there is store_unavailable, and looked for again by the next', async () => {
  await using home = await openStoreHome('pglite')
  const stores = createStores({
    dataDirectory: home.dataDirectory,
    databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
    heartbeatSeconds: 10,
    observer: createRecordingObserver(),
  })
  for (let time = 0; time < 2; time++)
    await expect(stores.open()).rejects.toMatchObject({ code: 'store_unavailable', cause: { code: 'ECONNREFUSED' } })
  expect(stores.isOpen).toBe(false)
  await stores.close()
})

test.skipIf(!hasPostgres())('[SR2] gateways that start at once make the tables once', async () => {
  await using home = await openStoreHome('postgres')
  const all = Array.from({ length: 4 }, () => home.open())
  const stores = await Promise.all(all.map((each) => each.open()))
  for (const [index, { conversations }] of stores.entries()) await say(conversations, `turn ${index}`)
  expect((await stores[0]?.conversations.get(name))?.turnCount).toBe(4)
  await Promise.all(all.map((each) => each.close()))
})

test('[SR6] a start knows whether work was left: it is marked before it is taken, and unmarked when none is left', async () => {
  await using home = await openStoreHome('pglite')
  const first = home.open()
  const { jobs } = await first.open()
  expect(first.mayHaveWork).toBe(false)
  await jobs.submit('j', order, { maxQueued: 10 })
  await first.close()
  const second = home.open()
  expect(second.mayHaveWork).toBe(true)
  const again = await second.open()
  const attempt = await again.jobs.begin({ maxFailures: 3 })
  if (attempt === undefined) throw new Error('the job is gone')
  await again.jobs.finish(attempt, { status: 'completed', output: 'x' })
  await second.close()
  expect(home.open().mayHaveWork).toBe(false)
})

test('[SR6] what ran when the home was left is begun again at once', async () => {
  await using home = await openStoreHome('pglite')
  const first = home.open()
  const { jobs } = await first.open()
  await jobs.submit('j', order, { maxQueued: 10 })
  expect((await jobs.begin({ maxFailures: 3 }))?.job.attempt).toBe(1)
  await first.close()
  const second = home.open()
  expect((await (await second.open()).jobs.begin({ maxFailures: 3 }))?.job).toMatchObject({ attempt: 2, failures: 1 })
  await second.close()
})

test('[SR7] conversations that version 0.1 kept as files are taken over, also by a start that was broken off', async () => {
  await using home = await openStoreHome('pglite')
  const old = join(home.dataDirectory, 'conversations')
  await mkdir(old)
  const turns = [
    { user: 'Здравей\0', assistant: '🙂' },
    { user: 'b', assistant: 'c' },
  ]
  const path = join(old, 'aa.json')
  await writeFile(path, JSON.stringify({ ...name, turns }))
  await utimes(path, 1000, 1000)
  await writeFile(join(old, 'bb.json.x.new'), '{')
  const first = home.open()
  await first.open()
  await first.close()
  expect(existsSync(old)).toBe(false)
  // As if it had been killed before it removed the file.
  await mkdir(old)
  await writeFile(path, JSON.stringify({ ...name, turns: [...turns, { user: 'd', assistant: 'e' }] }))
  await writeFile(join(old, 'broken.json'), '{"tenant":')
  const second = home.open()
  const kept = await (await second.open()).conversations.get(name)
  expect(kept?.turns.map(({ user, assistant }) => ({ user, assistant }))).toEqual([
    ...turns,
    { user: 'd', assistant: 'e' },
  ])
  expect(kept?.createdAtMs).toBe(1_000_000)
  expect(await readdir(old)).toEqual(['broken.json'])
  await second.close()
})

test('[SR6] [JB13] an outcome that was not told yet is work that is left', async () => {
  await using home = await openStoreHome('pglite')
  const first = home.open()
  const { jobs } = await first.open()
  for (const id of ['told', 'untold']) {
    await jobs.submit(id, { ...order, callbackUrl: 'https://example.com/' }, { maxQueued: 10 })
    const attempt = await jobs.begin({ maxFailures: 3 })
    if (attempt === undefined) throw new Error('the job is gone')
    await jobs.finish(attempt, { status: 'completed', output: 'x' })
  }
  const callback = await jobs.nextCallback()
  if (callback === undefined) throw new Error('there is nothing to tell')
  await jobs.settleCallback(callback.delivery, 'done')
  await first.close()
  expect(home.open().mayHaveWork).toBe(true)
})

test('[SR3] after the stop nothing opens the store again', async () => {
  await using home = await openStoreHome('pglite')
  const stores = home.open()
  const { jobs } = await stores.open()
  await stores.close()
  await expect(jobs.get('j')).rejects.toMatchObject({ code: 'shutting_down' })
  expect(stores.isOpen).toBe(false)
})

test('[SR5] a lock of PostgreSQL that was half written when the gateway was killed is not in the way', async () => {
  await using home = await openStoreHome('pglite')
  for (const left of ['', '42\n', '1\n/elsewhere\n']) {
    await writeFile(join(home.dataDirectory, 'store', 'postgres', 'postmaster.pid'), left)
    const stores = home.open()
    await say((await stores.open()).conversations, `after ${left}`)
    expect(stores.isOpen).toBe(true)
    await stores.close()
  }
})
