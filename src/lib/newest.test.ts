import { expect, test } from 'vitest'
import { createNewest } from './newest.ts'

function open() {
  const newest = createNewest()
  const replaced: string[] = []
  const enter = (key: string, order: number) => newest.enter(key, order, () => replaced.push(`${key}${order}`))
  return { replaced, enter }
}

test('the newest takes the place of the one before, under its key alone', () => {
  const { replaced, enter } = open()
  enter('a', 1)
  enter('b', 2)
  enter('a', 3)
  expect(replaced).toEqual(['a1'])
})

test('one that is older than whoever is there is replaced at once, and takes nobody’s place', () => {
  const { replaced, enter } = open()
  const newer = enter('a', 2)
  enter('a', 1)[Symbol.dispose]()
  expect(replaced).toEqual(['a1'])
  enter('a', 3)
  expect(replaced).toEqual(['a1', 'a2'])
  newer[Symbol.dispose]()
  enter('a', 4)
  expect(replaced).toEqual(['a1', 'a2', 'a3'])
})

test('whoever has left is not replaced', () => {
  const { replaced, enter } = open()
  enter('a', 1)[Symbol.dispose]()
  enter('a', 2)
  expect(replaced).toEqual([])
})
