/** What must hold for the gateway as a whole, between the requests and after them. */
import type { Rehearsal } from '../../src/rehearsal/index.ts'
import { createRandom } from '../soak/random.ts'
import type { Books } from './books.ts'
import { headersOf, shortened, type World } from './fuzz-case.ts'

const QUIET_MS = 60_000
const LOOK_MS = 50

interface Health {
  readonly active: number
  readonly queued: number
  readonly pool?: { readonly busy: number; readonly starting: number }
}

/** Waits until nothing is under way in the gateway; a violation when that takes too long. */
export async function untilQuiet(url: string, world: World, books: Books): Promise<void> {
  const lateMs = Date.now() + QUIET_MS
  for (;;) {
    const { active, queued, pool } = (await (
      await fetch(`${url}/health`, { headers: headersOf(world) })
    ).json()) as Health
    if (active + queued + (pool?.busy ?? 0) + (pool?.starting ?? 0) === 0) return
    if (Date.now() > lateMs) {
      books.violate({ what: 'the gateway does not come to rest', detail: JSON.stringify({ active, queued, pool }) })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** A normal request is answered, streamed and whole, and its model is sent what was said and nothing else. */
export async function checkAnswers(
  url: string,
  world: World,
  { books, rehearsal }: { readonly books: Books; readonly rehearsal: Rehearsal },
): Promise<void> {
  const word = `word-${createRandom('answers').between(1000, 9999)}`
  for (const stream of [true, false]) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: headersOf(world),
      body: JSON.stringify({ stream, messages: [{ role: 'user', content: `say exactly: ${word}` }] }),
    })
    const text = await response.text()
    if (response.status !== 200 || !text.includes(word))
      books.violate({ what: 'a normal request is not answered', detail: `${response.status} ${shortened(text)}` })
    const said = rehearsal.requests.at(-1)?.body.messages.filter(({ role }) => role === 'user') ?? []
    if (said.length !== 1 || !JSON.stringify(said).includes(`say exactly: ${word}`))
      books.violate({ what: 'a normal request reaches the model with more', detail: shortened(JSON.stringify(said)) })
  }
}
