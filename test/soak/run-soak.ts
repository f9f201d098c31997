/** The whole of it: conversations at once against one gateway, kills, the books, and what is left at the end. */
import { rm } from 'node:fs/promises'
import { chat } from './chat.ts'
import { Children } from './children.ts'
import { count, createCounts, type Counts } from './counts.ts'
import { createKiller } from './killer.ts'
import { Ledger } from './ledger.ts'
import { createRandom, type Random } from './random.ts'
import { checkFiles, checkHeld, checkProcesses, held } from './remains.ts'
import { talkInSession } from './session.ts'
import { startSoakStage, TALKERS, TENANTS } from './soak-stage.ts'
import { inSpells } from './spells.ts'
import type { Summary } from './summary.ts'
import { watchRequests } from './watch-requests.ts'
import type { PersonaMode } from './wanted.ts'
import type { World } from './world.ts'

export interface SoakOptions {
  readonly conversations: number
  readonly seed: number
  /** A process is killed after every so many turns, in the first half; in the second they grow old. */
  readonly killEvery?: number
  readonly progress?: (line: string) => void
}

const KILL_EVERY = 50
const WEIGH_MS = 1000
const PROGRESS_MS = 10_000
/** The rehearsal's log is emptied at this length; what was sent is looked at as it comes. */
const MAX_LOG = 500
const QUARTERS: readonly [number, string][] = [
  [0.25, '25 %'],
  [0.5, '50 %'],
  [1, '100 %'],
]
const SESSIONS = 0.15

/** One conversation from its first turn to its last. */
async function converse(world: World, random: Random, conversation: number): Promise<void> {
  const tenant = TENANTS[conversation % TENANTS.length] ?? TENANTS[0]
  const part = { conversation, random, tenant, name: `room ${Math.floor(conversation / TENANTS.length)}` }
  await (random.chance(SESSIONS) ? talkInSession(world, part) : chat(world, part))
}

/** What the observations tell that must not have been. */
function checkCounts(
  ledger: Ledger,
  { counts, children, kills }: Pick<Summary, 'counts' | 'children' | 'kills'>,
): void {
  if (children.isTooHeavy) ledger.violate({ what: 'a process beyond its budget', detail: `${children.heaviestMb} MB` })
  for (const { pid, error } of counts.doubts)
    if (!children.killed.has(pid)) ledger.violate({ what: 'a process in doubt', detail: error })
  if (counts.failedStarts.length > kills)
    ledger.violate({ what: 'starts that failed', detail: counts.failedStarts.join('; ') })
  for (const detail of counts.failedCleanups) ledger.violate({ what: 'a clearing up that failed', detail })
}

/** Starts everything, has the conversations, closes everything. The same seed has the same conversations; how they meet is chance. */
export async function runSoak(options: SoakOptions): Promise<Summary> {
  const { conversations, seed, killEvery = KILL_EVERY, progress = () => undefined } = options
  const startedMs = Date.now()
  const random = createRandom(`soak ${seed}`)
  const personaMode: PersonaMode = random.pick(['prepend', 'fallback', 'off'])
  const heldBefore = held()
  const ledger = new Ledger()
  const children = new Children()
  const counts: Counts = createCounts()
  const killer = createKiller({ every: killEvery, random: random.fork('kills') }, { children, ledger })
  const { gateway, rehearsal, directory } = await startSoakStage(personaMode, {
    observe(seen) {
      children.observe(seen)
      count(counts, seen)
    },
  })
  const watching = new AbortController()
  watchRequests(rehearsal, {
    seen: (request) => ledger.take(request),
    failed: (error) => ledger.violate({ what: 'the soak itself failed', detail: String(error) }),
    signal: watching.signal,
  })

  let turns = 0
  let done = 0
  const world: World = {
    url: gateway.url,
    tenants: TENANTS,
    talkers: TALKERS,
    personaMode,
    ledger,
    turnOver() {
      turns++
      if (rehearsal.requests.length > MAX_LOG) rehearsal.forget()
      killer.turnOver()
    },
  }
  const seconds = (): number => Math.round((Date.now() - startedMs) / 1000)
  const tell = (): void =>
    progress(
      `${done} of ${conversations} conversations, ${turns} turns, ${ledger.bodies} requests to the model, ` +
        `${ledger.violated} violations, ${seconds()} s`,
    )
  const quarters = [...QUARTERS]
  const conversationOver = (): void => {
    done++
    if (done > conversations / 2) killer.stop()
    const [quarter] = quarters
    if (quarter === undefined || done < conversations * quarter[0]) return
    quarters.shift()
    children.weigh(quarter[1])
  }

  children.weigh('start')
  const weighing = setInterval(() => children.weigh(), WEIGH_MS)
  const telling = setInterval(tell, PROGRESS_MS)
  try {
    await inSpells(conversations, async (conversation) => {
      await converse(world, random.fork(`conversation ${conversation}`), conversation)
      conversationOver()
    })
  } finally {
    clearInterval(weighing)
    clearInterval(telling)
    killer.stop()
    await gateway.close()
    watching.abort()
    await rehearsal.close()
    checkProcesses(ledger, children.all)
    await checkFiles(ledger, directory)
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    await checkHeld(ledger, heldBefore)
  }
  const summary = { seed, conversations, personaMode, seconds: seconds(), turns, kills: killer.kills, children, counts }
  checkCounts(ledger, summary)
  tell()
  return { ...summary, ledger }
}
