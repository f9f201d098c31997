import { writeJson } from './client-command.ts'
import { table } from './table.ts'
import type { World } from './world.ts'

interface PrintOptions<Item> {
  readonly json: boolean
  /** The whole list is wanted: with JSON, a line for each item as it comes. */
  readonly all: boolean
  readonly none: string
  readonly heading: readonly string[]
  rowOf(item: Item): readonly string[]
}

/** A list that comes in pages, as a table or as JSON. */
export async function printPages<Item>(
  pages: AsyncIterable<{ readonly items: readonly Item[]; readonly more: boolean }>,
  { json, all, none, heading, rowOf }: PrintOptions<Item>,
  world: World,
): Promise<void> {
  const { stdout, stderr } = world
  const listed: Item[] = []
  let isCut = false
  for await (const { items, more } of pages) {
    isCut = more
    if (json && all) for (const item of items) writeJson(world, item)
    else listed.push(...items)
  }
  if (json && !all) writeJson(world, listed)
  if (json) return
  if (listed.length === 0) stderr.write(`${none}\n`)
  else stdout.write(table([heading, ...listed.map(rowOf)]))
  if (isCut) stderr.write('there are more: --limit N or --all\n')
}
