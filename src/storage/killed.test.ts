import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { hasPostgres, openStoreHome, type HomeKind, type StoreHome } from '../../test/support/open-store.ts'

const USER = fileURLToPath(new URL('../../test/fixtures/store-user.ts', import.meta.url))
const ROUNDS = 6

/** Lets a process use the store, kills it amid that, and resolves to what was acknowledged. */
async function useAndKill({ dataDirectory, databaseUrl }: StoreHome, round: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [USER, dataDirectory, databaseUrl ?? '-', String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const over = once(child, 'exit')
  const acknowledged: string[] = []
  const lines = createInterface(child.stdout)
  const busy = Promise.withResolvers<void>()
  lines.on('line', (line) => {
    if (line !== 'open') acknowledged.push(line)
    if (line.startsWith('end ')) busy.resolve()
  })
  const read = once(lines, 'close')
  await Promise.race([busy.promise, over])
  await delay(Math.random() * 400)
  child.kill('SIGKILL')
  const [code, signal] = await over
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  await read
  return acknowledged
}

describe.each<HomeKind>(['pglite', 'postgres'])('%s', (kind) => {
  test.skipIf(kind === 'postgres' && !hasPostgres())(
    '[CV5] [JB6] [SR5] a process that uses the store is killed anywhere: what was acknowledged is there, whole and once',
    async () => {
      await using home = await openStoreHome(kind)
      const acknowledged: string[] = []
      for (let round = 0; round < ROUNDS; round++) acknowledged.push(...(await useAndKill(home, round)))
      const of = (what: string): readonly string[] =>
        acknowledged.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1))
      expect(of('turn').length).toBeGreaterThanOrEqual(ROUNDS)
      expect(of('end').length).toBeGreaterThanOrEqual(ROUNDS)

      const stores = home.open()
      const { conversations, jobs } = await stores.open()
      const kept = await conversations.get({ tenant: 't', id: 's' })
      const said = kept?.turns.map(({ user }) => user) ?? []
      expect(new Set(said).size).toBe(said.length)
      expect(kept?.turns.every(({ user, assistant }) => assistant === `re: ${user}`)).toBe(true)
      expect(kept?.turnCount).toBe(said.length)
      // What was stored when the kill came may not have been told any more: at most one turn each time.
      expect(said.filter((user) => of('turn').includes(user))).toEqual(of('turn'))
      expect(said.length - of('turn').length).toBeLessThanOrEqual(ROUNDS)

      for (const id of of('job')) expect(await jobs.get(id)).toBeDefined()
      const ends = of('end').map((line) => line.split(' '))
      expect(new Set(ends.map(([id]) => id)).size).toBe(ends.length)
      for (const [id = '', by] of ends) {
        expect(await jobs.get(id)).toMatchObject({ status: 'completed', output: `by ${by}` })
        const events = await jobs.events(id, { after: 0, limit: 100 })
        expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1))
        expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1)
      }
      await stores.close()
    },
    180_000,
  )
})
