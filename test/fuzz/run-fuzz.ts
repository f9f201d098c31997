/** The whole of it: a gateway, so many requests several at a time, what must hold for each, and what is left at the end. */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Agent } from 'node:http'
import { inspect } from 'node:util'
import { Children } from '../soak/children.ts'
import { Ledger } from '../soak/ledger.ts'
import { createRandom } from '../soak/random.ts'
import { checkFiles, checkHeld, checkProcesses, held } from '../soak/remains.ts'
import { watchRequests } from '../soak/watch-requests.ts'
import { Books } from './books.ts'
import { createExaminer } from './examine.ts'
import { checkAnswers, untilQuiet } from './checks.ts'
import { shortened } from './fuzz-case.ts'
import { SECRET, startFuzzStage } from './fuzz-stage.ts'
import { generate } from './generate.ts'
import { residentMb, usedMb } from './memory.ts'
import type { Summary } from './summary.ts'

export interface FuzzOptions {
  readonly requests: number
  readonly seed: number
  /** This one alone, and everything of it is told. */
  readonly only?: number | undefined
  readonly tell?: (line: string) => void
}

const AT_ONCE = 8
/** The rehearsal's log is emptied after so many requests; what was sent is looked at as it comes. */
const FORGET_EVERY = 50
const PROGRESS_MS = 10_000
/** Until then everything that is kept for good has been made. */
const WARM = 0.2
const MAX_GROWTH_MB = 40

/** Does it for each number, so many at once. */
async function inTurns(numbers: readonly number[], work: (number: number) => Promise<void>): Promise<void> {
  const left = numbers.values()
  const worker = async (): Promise<void> => {
    for (const number of left) await work(number)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)

/** The same seed makes the same requests; how they meet is chance. */
export async function runFuzz({ requests, seed, only, tell = () => undefined }: FuzzOptions): Promise<Summary> {
  const startedMs = Date.now()
  const seconds = (): number => Math.round((Date.now() - startedMs) / 1000)
  const random = createRandom(`fuzz ${seed}`)
  const heldBefore = held()
  const books = new Books()
  const ledger = new Ledger()
  const children = new Children()
  const codes: string[] = []
  const stage = await startFuzzStage({
    observe(seen) {
      children.observe(seen)
      if (seen.type === 'cleanup-failed')
        books.violate({ what: 'a clearing up that failed', detail: String(seen.error) })
      if (only !== undefined && seen.type === 'request-failed') tell(`log: ${inspect(seen.error)}`)
      if (seen.type === 'request-failed' && seen.code === 'internal_error') {
        const { cause } = seen.error
        codes.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
      }
    },
  })
  const { gateway, rehearsal, directory, world } = stage
  const { url } = gateway
  const hostname = `${readFileSync('/etc/hostname', 'utf8').trim()}\\n`
  const watching = new AbortController()
  let sent = 0
  watchRequests(rehearsal, {
    seen({ rawBody }) {
      sent++
      for (const content of [SECRET, hostname, 'Called the Read tool'])
        if (rawBody.includes(content)) books.violate({ what: 'the model is sent what a file holds', detail: content })
    },
    failed: (error) => books.violate({ what: 'the fuzz itself failed', detail: String(error) }),
    signal: watching.signal,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  let done = 0
  let peakMb = 0

  const examine = createExaminer({
    url,
    agent,
    books,
    secrets: [SECRET, directory],
    tell: only === undefined ? undefined : tell,
  })

  async function work(number: number): Promise<void> {
    await examine(number, generate(random.fork(number), world))
    done++
    if (done % FORGET_EVERY === 0) rehearsal.forget()
    peakMb = Math.max(peakMb, residentMb())
  }

  async function rested(): Promise<number> {
    await untilQuiet(url, world, books)
    rehearsal.forget()
    return await usedMb()
  }

  const telling = setInterval(
    () =>
      tell(
        `${done} of ${requests}, ${sent} to the model, ${books.violated} violations, ${residentMb()} MB, ${seconds()} s`,
      ),
    PROGRESS_MS,
  )
  let memoryMb: Summary['memoryMb']
  try {
    const warm = Math.ceil(requests * WARM)
    await inTurns(only === undefined ? range(0, warm) : [only], work)
    const atWarm = await rested()
    if (only === undefined) await inTurns(range(warm, requests), work)
    await untilQuiet(url, world, books)
    await checkAnswers(url, world, { books, rehearsal })
    memoryMb = { warm: atWarm, end: await rested(), peak: peakMb }
    if (memoryMb.end - memoryMb.warm > MAX_GROWTH_MB)
      books.violate({ what: 'memory has grown', detail: `from ${memoryMb.warm} to ${memoryMb.end} MB` })
    if (stage.forbiddenAsked() > 0)
      books.violate({ what: 'a server was asked that nobody may ask', detail: `${stage.forbiddenAsked()} times` })
  } finally {
    clearInterval(telling)
    agent.destroy()
    watching.abort()
    await stage[Symbol.asyncDispose]()
    checkProcesses(ledger, children.all)
    await checkFiles(ledger, directory)
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    await checkHeld(ledger, heldBefore)
    for (const { what, detail } of ledger.violations) books.violate({ what, detail })
  }
  for (const detail of codes) books.violate({ what: 'a defect in the log', detail: shortened(detail, 600) })
  return { seed, requests: done, sent, seconds: seconds(), books, memoryMb, processes: children.all.size }
}
