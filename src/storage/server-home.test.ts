import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { hasPostgres } from '../../test/support/open-store.ts'
import { describeServer, openServerHome } from './server-home.ts'

/** A way to the server of the test run that can be made to swallow everything. */
async function openWay() {
  const target = new URL(inject('postgresUrl'))
  const sockets = new Set<Socket>()
  let silent = false
  const server = createServer((near) => {
    const far = connect(Number(target.port), '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (!silent) to.write(bytes)
      })
      from.on('close', () => to.destroy())
      from.on('error', () => undefined)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = new URL(target)
  url.port = String(address.port)
  return {
    url: url.href,
    swallow: (on: boolean): void => {
      silent = on
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

test.skipIf(!hasPostgres())('[SR3] a network that goes silent is an error, not a wait for ever', async () => {
  await using way = await openWay()
  const home = openServerHome(way.url, { onError: () => undefined, silenceMs: 300 })
  expect((await home.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  way.swallow(true)
  await expect(home.pool.query('select 2')).rejects.toThrow('silent for 300 ms')
  way.swallow(false)
  expect((await home.pool.query('select 3 as three')).rows).toEqual([{ three: 3 }])
  await home.close()
})

test.skipIf(!hasPostgres())('[CM28] a server reports its version, and whether its user may create tables', async () => {
  const url = inject('postgresUrl')
  expect(await describeServer(url)).toEqual({
    version: expect.stringMatching(/^\d+/),
    versionNumber: expect.any(Number),
    mayCreate: true,
  })
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(`create role reader login password 'p'`)
  const reader = new URL(url)
  reader.username = 'reader'
  reader.password = 'p'
  try {
    expect(await describeServer(reader.href)).toMatchObject({ mayCreate: false })
  } finally {
    await admin.query('drop role reader')
    await admin.end()
  }
  await expect(describeServer(`${url}-that-is-not-there`)).rejects.toThrow('does not exist')
})
