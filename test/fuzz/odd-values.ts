/** Values that a field was not made for. */
import type { Random } from '../soak/random.ts'
import { hostileText } from './hostile-texts.ts'
import type { World } from './fuzz-case.ts'

/** Deeper bodies are refused. */
export const MAX_DEPTH = 500

/** A value in so many arrays or objects. */
export const nested = (levels: number, form: 'array' | 'object'): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = form === 'array' ? [value] : { a: value }
  return value
}

const PLAIN = [
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  1e308,
  -1e308,
  2 ** 53,
  5e-324,
  '',
  ' ',
  'NaN',
  'Infinity',
  '-0',
  '1',
  '1e999',
  'true',
  [],
  {},
  [null],
  [[]],
  [{}],
  ['a', 1],
  { a: null },
  { type: 5 },
  { length: 1 },
] as const

export function oddValue(random: Random, world: World): unknown {
  switch (random.weighted({ plain: 80, hostile: 12, long: 3, many: 3, deep: 4, deeper: 4 })) {
    case 'plain':
      return random.pick(PLAIN)
    case 'hostile':
      return hostileText(random, world)
    case 'long':
      return 'x'.repeat(100_000)
    case 'many':
      return Array.from({ length: 2000 }, () => 0)
    case 'deep':
      return nested(100, random.pick(['array', 'object']))
    case 'deeper':
      return nested(1000, random.pick(['array', 'object']))
  }
}

/** How deep the arrays and objects of a value go. */
export const depthOf = (value: unknown): number => {
  let depth = 0
  let level: readonly unknown[] = [value]
  for (;;) {
    const inside = level.filter((one): one is object => typeof one === 'object' && one !== null)
    if (inside.length === 0) return depth
    depth++
    level = inside.flatMap((one) => Object.values(one))
  }
}
