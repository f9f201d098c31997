import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CallEvent } from '../../core/index.ts'
import { createCallTrack, isReadable } from './call-track.ts'

const open = () => createCallTrack({ newId: (index) => `id${index}` })

test('[FN2] a call begins with an id of its own and its name, and is among the calls from then on', () => {
  const track = open()
  expect(track.calls).toEqual([])
  expect(track.start('weather')).toEqual({ type: 'call-start', id: 'id0', name: 'weather' })
  expect(track.calls).toEqual([{ id: 'id0', name: 'weather', arguments: '' }])
})

test('[FN2] a piece of arguments leaves as it comes, an empty one does not', () => {
  const track = open()
  track.start('weather')
  expect(track.add('')).toBeUndefined()
  expect(track.add('{"a"')).toEqual({ type: 'call-delta', arguments: '{"a"' })
  expect(track.add(':1}')).toEqual({ type: 'call-delta', arguments: ':1}' })
  expect(track.finish()).toBeUndefined()
  expect(track.calls).toEqual([{ id: 'id0', name: 'weather', arguments: '{"a":1}' }])
})

test.each<readonly [string, readonly string[], string]>([
  ['none', [], '{}'],
  ['empty', [''], '{}'],
  ['blank', [' '], ' {}'],
])('[FN2] arguments that are %s are an empty object in the end', (_, pieces, json) => {
  const track = open()
  track.start('now')
  for (const piece of pieces) track.add(piece)
  expect(track.finish()).toEqual({ type: 'call-delta', arguments: '{}' })
  expect(track.calls).toEqual([{ id: 'id0', name: 'now', arguments: json }])
})

test('[FN2] pieces that belong to no call are passed over', () => {
  const track = open()
  expect(track.add('{}')).toBeUndefined()
  expect(track.finish()).toBeUndefined()
  expect(track.calls).toEqual([])
})

test('[FN2] [ST9] however arguments are cut, what leaves is whole in its characters and, joined, what came', () => {
  const anyArguments = fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 4 })
  fc.assert(
    fc.property(anyArguments, fc.infiniteStream(fc.integer({ min: 1, max: 3 })), (all, sizes) => {
      const track = open()
      const left: CallEvent[] = []
      const note = (event: CallEvent | undefined): void => void (event !== undefined && left.push(event))
      for (const json of all) {
        note(track.start('f'))
        for (let at = 0; at < json.length;) {
          const size = sizes.next().value
          const event = track.add(json.slice(at, at + size))
          if (event?.type === 'call-delta') expect(/[\uD800-\uDBFF]$/.test(event.arguments)).toBe(false)
          note(event)
          at += size
        }
        note(track.finish())
      }
      const joined: string[] = []
      for (const event of left) {
        if (event.type === 'call-start') joined.push('')
        else joined.push(`${joined.pop() ?? ''}${event.arguments}`)
      }
      const expected = all.map((json) => (json.trim() === '' ? `${json}{}` : json))
      expect(joined).toEqual(expected)
      expect(track.calls.map(({ arguments: json }) => json)).toEqual(expected)
    }),
    { seed: 61, numRuns: 500 },
  )
})

test.each<readonly [string, boolean]>([
  ['{}', true],
  [' {"a":[1]}\n', true],
  ['{"a":', false],
  ['', false],
  ['null', false],
  ['7', false],
  ['"a"', false],
  ['[]', false],
  ['[{"a":1}]', false],
])('[FN9] a client can read arguments that are a JSON object: %j is one, %j', (json, isOne) => {
  expect(isReadable({ id: 'i', name: 'f', arguments: json })).toBe(isOne)
})
