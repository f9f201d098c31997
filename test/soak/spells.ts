/** Crowded spells, in which processes go from hand to hand, and calm ones, in which conversations find their own again. */

const CROWDED = { conversations: 80, atOnce: 8 } as const
const CALM = { conversations: 15, atOnce: 4 } as const

interface Spell {
  readonly from: number
  readonly to: number
  readonly atOnce: number
}

function spells(count: number): readonly Spell[] {
  const found: Spell[] = []
  for (let from = 0; from < count;) {
    const { conversations, atOnce } = found.length % 2 === 0 ? CROWDED : CALM
    const to = Math.min(from + conversations, count)
    found.push({ from, to, atOnce })
    from = to
  }
  return found
}

/** Does it for each number, in order and so many at once as the spell has. */
async function eachOf({ from, to, atOnce }: Spell, work: (number: number) => Promise<void>): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < to) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Does it for each number below `count`, spell by spell. */
export async function inSpells(count: number, work: (number: number) => Promise<void>): Promise<void> {
  for (const spell of spells(count)) await eachOf(spell, work)
}
