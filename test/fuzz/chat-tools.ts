/** Functions that a client offers, and which of them may be called. */
import type { Random } from '../soak/random.ts'
import { hostileText } from './hostile-texts.ts'
import type { World } from './fuzz-case.ts'
import { goodSchema } from './schemas.ts'

const named = (name: string): object => ({ type: 'function', function: { name } })

const tool = (random: Random, world: World, name: string): object => ({
  type: 'function',
  function: {
    name,
    ...(random.chance(0.8) ? { description: random.chance(0.9) ? hostileText(random, world) : 'd'.repeat(3000) } : {}),
    ...(random.chance(0.8) ? { parameters: goodSchema(random) } : {}),
    ...(random.chance(0.2) ? { strict: true } : {}),
  },
})

function choice(random: Random, names: readonly [string, ...string[]]): object {
  switch (random.weighted({ none: 1, absent: 4, auto: 2, required: 2, named: 2, allowed: 1 })) {
    case 'absent':
      return {}
    case 'none':
      return { tool_choice: 'none' }
    case 'auto':
      return { tool_choice: 'auto' }
    case 'required':
      return { tool_choice: 'required' }
    case 'named':
      return { tool_choice: named(random.pick(names)) }
    case 'allowed':
      return {
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: random.pick(['auto', 'required']), tools: [named(random.pick(names))] },
        },
      }
  }
}

/** The fields of a request that offers so many functions. */
export function toolFields(random: Random, world: World, count: number): object {
  const names = Array.from({ length: count }, (_, index) => `${random.pick(['look', 'f-1', 'Do_it', '_'])}${index}`)
  const [first, ...rest] = names
  if (first === undefined) return { tools: random.pick([null, []]) }
  return {
    tools: names.map((name) => tool(random, world, name)),
    ...choice(random, [first, ...rest]),
    ...(random.chance(0.3) ? { parallel_tool_calls: random.chance(0.5) } : {}),
  }
}
