import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { PNG, pngPicture, startPictureServer } from '../../test/support/picture-server.ts'
import { createPictureCache } from './picture-cache.ts'
import { createPictureFetcher } from './picture-fetcher.ts'
import type { Picture } from '../core/index.ts'

const never = new AbortController().signal
const pictureOf = (size: number): Picture => ({ mediaType: 'image/png', base64: 'A'.repeat(size) })

test('[IM4] a picture is kept for its time and not prolonged by being asked for', async () => {
  const clock = createManualClock()
  const cache = createPictureCache({ clock, keptMs: 1000, maxBytes: 10_000 })
  cache.put('a', pictureOf(4))
  await clock.advance(999)
  expect(cache.get('a')).toEqual(pictureOf(4))
  await clock.advance(1)
  expect(cache.get('a')).toBeUndefined()
})

test('[IM4] a picture that is put again is kept anew', async () => {
  const clock = createManualClock()
  const cache = createPictureCache({ clock, keptMs: 1000, maxBytes: 10_000 })
  cache.put('a', pictureOf(4))
  await clock.advance(600)
  cache.put('a', pictureOf(8))
  await clock.advance(600)
  expect(cache.get('a')).toEqual(pictureOf(8))
  expect(clock.armed).toBe(1)
})

test('[IM4] the oldest make room, and one that has no room at all puts out nobody', () => {
  const cache = createPictureCache({ clock: createManualClock(), keptMs: 1000, maxBytes: 3 * 2048 })
  for (const key of ['a', 'b', 'c', 'd']) cache.put(key, pictureOf(1000))
  const held = (): readonly string[] => ['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key) !== undefined)
  expect(held()).toEqual(['b', 'c', 'd'])
  cache.put('e', pictureOf(3 * 2048))
  expect(held()).toEqual(['b', 'c', 'd'])
  cache.put('e', pictureOf(3000))
  expect(held()).toEqual(['d', 'e'])
})

test('[IM4] whatever is put, what is kept is the newest, within the room and each with one timer', () => {
  const anyPut = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat({ max: 6000 }))
  fc.assert(
    fc.property(fc.array(anyPut, { maxLength: 30 }), (puts) => {
      const clock = createManualClock()
      const maxBytes = 12_000
      const cache = createPictureCache({ clock, keptMs: 1000, maxBytes })
      for (const [key, size] of puts) cache.put(key, pictureOf(size))
      const newest = [...new Set(puts.toReversed().map(([key]) => key))]
      const kept = newest.filter((key) => cache.get(key) !== undefined)
      const bytes = kept.reduce((sum, key) => sum + (cache.get(key)?.base64.length ?? 0), 0)
      expect(bytes).toBeLessThanOrEqual(maxBytes)
      expect(clock.armed).toBe(kept.length)
      if (newest[0] !== undefined) expect(kept[0]).toBe(newest[0])
      expect(newest.slice(0, kept.length)).toEqual(kept)
    }),
  )
})

test('[IM4] a conversation that names a picture in each turn has it fetched once in five minutes', async () => {
  await using server = await startPictureServer()
  const clock = createManualClock()
  const fetcher = createPictureFetcher({ clock, privateHosts: [server.host] })
  const fetch = (): Promise<Picture> => fetcher.fetch(server.urlOf('/'), { scope: 'a', signal: never })
  for (const _turn of [1, 2, 3]) {
    expect(await fetch()).toEqual(pngPicture)
    await clock.advance(99_000)
  }
  expect(server.requests).toHaveLength(1)
  await clock.advance(3_000)
  await fetch()
  expect(server.requests).toHaveLength(2)
})

test('[IM4] what one scope has fetched is not given to another, kept or under way', async () => {
  await using server = await startPictureServer()
  const fetcher = createPictureFetcher({ clock: createManualClock(), privateHosts: [server.host] })
  const fetch = (scope: string): Promise<Picture> => fetcher.fetch(server.urlOf('/'), { scope, signal: never })
  await Promise.all([fetch('a'), fetch('b')])
  expect(server.requests).toHaveLength(2)
  await fetch('c')
  expect(server.requests).toHaveLength(3)
})

test('[IM4] a failure is not kept', async () => {
  await using server = await startPictureServer((_request, response) => {
    if (server.requests.length === 1) response.writeHead(404).end()
    else response.end(PNG)
  })
  const fetcher = createPictureFetcher({ clock: createManualClock(), privateHosts: [server.host] })
  const fetch = (): Promise<Picture> => fetcher.fetch(server.urlOf('/'), { scope: 'a', signal: never })
  await expect(fetch()).rejects.toMatchObject({ problem: 'the server answered with status 404' })
  expect(await fetch()).toEqual(pngPicture)
})

test('[IM4] one fetch serves those who want a picture at once; it ends with the last of them', async () => {
  const left = Promise.withResolvers<void>()
  await using server = await startPictureServer((_request, response) => void response.on('close', left.resolve))
  const fetcher = createPictureFetcher({ clock: createManualClock(), privateHosts: [server.host] })
  const callers = [new AbortController(), new AbortController()]
  const reason = new Error('the caller left')
  const fetched = callers.map(({ signal }) =>
    fetcher.fetch(server.urlOf('/'), { scope: 'a', signal }).catch((error: unknown) => error),
  )
  await server.untilAsked(1)
  callers[0]?.abort(reason)
  expect(await fetched[0]).toBe(reason)
  expect(server.requests[0]?.destroyed).toBe(false)
  callers[1]?.abort(reason)
  expect(await fetched[1]).toBe(reason)
  await left.promise
  expect(server.requests).toHaveLength(1)
})
