/** The whole of it: conversations at once against one gateway, kills, the books, and what is left at the end. */
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive } from '../../src/lib/is-alive.ts'
import { chat } from './chat.ts'
import { Children } from './children.ts'
import { count, createCounts } from './counts.ts'
import { Ledger } from './ledger.ts'
import { createRandom } from './random.ts'
import { filesLeft, held } from './remains.ts'
import { talkInSession } from './session.ts'
import { startSoakStage, TALKERS, TENANTS, type SoakStage } from './soak-stage.ts'
import type { Summary } from './summary.ts'
import type { PersonaMode } from './wanted.ts'
import type { World } from './world.ts'

export interface SoakOptions {
  readonly conversations: number
  readonly seed: number
  /** A process is killed after every so many turns, in the first half; in the second they grow old. */
  readonly killEvery?: number
  readonly progress?: (line: string) => void
}

const CROWDED_AT_ONCE = 8
const CALM_AT_ONCE = 4
/** So many conversations follow each other in a spell. */
const CROWDED = 80
const CALM = 15
const KILL_EVERY = 50
const MAX_KILL_DELAY_MS = 300
const WEIGH_MS = 1000
const PROGRESS_MS = 10_000
/** Connections that are closed are gone by then, those of the clients too. */
const GONE_MS = 20_000
/** The rehearsal's log is emptied at this length; what was sent is looked at as it comes. */
const MAX_LOG = 500
const QUARTERS: readonly [number, string][] = [
  [0.25, '25 %'],
  [0.5, '50 %'],
  [1, '100 %'],
]

export async function runSoak(options: SoakOptions): Promise<Summary> {
  const { conversations, seed, killEvery = KILL_EVERY, progress = () => undefined } = options
  const startedMs = Date.now()
  const seconds = (): number => Math.round((Date.now() - startedMs) / 1000)
  const random = createRandom(`soak ${seed}`)
  const personaMode: PersonaMode = random.pick(['prepend', 'fallback', 'off'])
  const heldBefore = held()
  const ledger = new Ledger()
  const children = new Children()
  const counts = createCounts()
  const stage = await startSoakStage(personaMode, {
    observe(seen) {
      children.observe(seen)
      count(counts, seen)
    },
  })
  const { gateway, rehearsal } = stage
  const watching = new AbortController()
  // Asked about every request as it comes, before it is answered; none is ever the one that is waited for.
  const watched = new Set<number>()
  const watch = rehearsal.waitFor(
    (request) => {
      if (watched.has(request.number)) return false
      watched.add(request.number)
      ledger.take(request)
      return false
    },
    { signal: watching.signal },
  )
  watch.catch((error: unknown) => {
    if (!watching.signal.aborted) ledger.violate({ what: 'the soak itself failed', detail: String(error) })
  })

  let turns = 0
  let kills = 0
  let done = 0
  const playKill = random.fork('kills')
  const killing = new Set<NodeJS.Timeout>()
  const kill = (): void => {
    const [first, ...rest] = children.live
    if (first === undefined) return
    kills++
    ledger.noteKill()
    children.kill(playKill.pick([first, ...rest]))
  }
  const turnOver = (): void => {
    turns++
    if (rehearsal.requests.length > MAX_LOG) rehearsal.forget()
    if (turns % killEvery !== 0 || done > conversations / 2) return
    // A little later, so that it comes in the middle of something.
    const timer = setTimeout(kill, playKill.between(0, MAX_KILL_DELAY_MS))
    killing.add(timer)
  }
  const world: World = { url: gateway.url, tenants: TENANTS, talkers: TALKERS, personaMode, ledger, turnOver }
  const tell = (): void =>
    progress(
      `${done} of ${conversations} conversations, ${turns} turns, ${ledger.bodies} requests to the model, ` +
        `${ledger.violated} violations, ${seconds()} s`,
    )

  children.weigh('start')
  const weighing = setInterval(() => children.weigh(), WEIGH_MS)
  const telling = setInterval(tell, PROGRESS_MS)
  const quarters = [...QUARTERS]
  const converse = async (conversation: number): Promise<void> => {
    const own = random.fork(`conversation ${conversation}`)
    const tenant = TENANTS[conversation % TENANTS.length] ?? TENANTS[0]
    const part = { conversation, random: own, tenant, name: `room ${Math.floor(conversation / TENANTS.length)}` }
    await (own.chance(0.15) ? talkInSession(world, part) : chat(world, part))
    done++
    const [quarter] = quarters
    if (quarter === undefined || done < conversations * quarter[0]) return
    quarters.shift()
    children.weigh(quarter[1])
  }
  try {
    for (const { from, to, atOnce } of spells(conversations)) await eachAtOnce({ from, to, atOnce }, converse)
  } finally {
    clearInterval(weighing)
    clearInterval(telling)
    for (const timer of killing) clearTimeout(timer)
    watching.abort()
    await close(stage, { ledger, children, heldBefore })
  }
  if (children.isTooHeavy) ledger.violate({ what: 'a process beyond its budget', detail: `${children.heaviestMb} MB` })
  for (const { pid, error } of counts.doubts)
    if (!children.killed.has(pid)) ledger.violate({ what: 'a process in doubt', detail: error })
  if (counts.failedStarts.length > kills)
    ledger.violate({ what: 'starts that failed', detail: counts.failedStarts.join('; ') })
  for (const detail of counts.failedCleanups) ledger.violate({ what: 'a clearing up that failed', detail })
  tell()
  return { seed, conversations, personaMode, seconds: seconds(), turns, kills, ledger, children, counts }
}

interface Spell {
  readonly from: number
  readonly to: number
  readonly atOnce: number
}

/** Crowded spells, in which processes go from hand to hand, and calm ones, in which conversations find their own again. */
function spells(conversations: number): readonly Spell[] {
  const found: Spell[] = []
  for (let from = 0; from < conversations; from += CROWDED + CALM) {
    const middle = Math.min(from + CROWDED, conversations)
    found.push({ from, to: middle, atOnce: CROWDED_AT_ONCE })
    if (middle < conversations)
      found.push({ from: middle, to: Math.min(middle + CALM, conversations), atOnce: CALM_AT_ONCE })
  }
  return found
}

/** Does it for each number, so many at once, in order. */
async function eachAtOnce({ from, to, atOnce }: Spell, work: (number: number) => Promise<void>): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < to) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

interface Books {
  readonly ledger: Ledger
  readonly children: Children
  readonly heldBefore: number
}

/** Closes everything and looks for what is left. */
async function close(
  { gateway, rehearsal, directory }: SoakStage,
  { ledger, children, heldBefore }: Books,
): Promise<void> {
  const left = (what: string, list: readonly unknown[]): void => {
    if (list.length > 0) ledger.violate({ what, detail: list.slice(0, 20).join(', ') })
  }
  await gateway.close()
  await rehearsal.close()
  left('processes that are left', [...children.all].filter(isAlive))
  const { stray, telling } = await filesLeft(directory)
  left('temporary files that are left', stray)
  left('files that hold what callers said', telling)
  if (process.env['KEEP']) {
    const { cp } = await import('node:fs/promises')
    await cp(directory, process.env['KEEP'], { recursive: true, filter: (p) => !p.endsWith('.sock') })
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  const lateMs = Date.now() + GONE_MS
  while (held() > heldBefore && Date.now() < lateMs) await delay(20)
  if (held() > heldBefore)
    left('connections, children or timers that are left', [`${held()}, ${heldBefore} at the beginning`])
}
