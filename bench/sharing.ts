/** What a quiet tenant has of a gateway that a loud one fills: the time to its first token, alone and beside. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './ask.ts'
import { system, user } from './conversation.ts'
import { chat } from './dialect.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'
import { spreadOf, type Spread } from './statistics.ts'
import type { Texts } from './texts.ts'

/** The loud tenant's calls, of a length that a voice agent's responses have, from a model that is asked over a network. */
const MODEL = { firstMs: 300, paceMs: 20, pieces: 40 } as const
const directions = `[rehearse first=${MODEL.firstMs} slow=${MODEL.paceMs}]`
/** Twice as many as there are slots, so that some always wait. */
const LOUD_CALLERS = 20
const LOUD_JOBS = 20
/** A job that is not over before its block is. */
const JOB_PROMPT = 'count to 5000 [rehearse slow=20]'
const KEYS = { quiet: 'bench-key-of-the-quiet-tenant', loud: 'bench-key-of-the-loud-tenant' } as const
const FULL_MS = 30_000

/** The quiet tenant's time to the first token. */
export interface Sharing {
  readonly alone: Spread | undefined
  readonly besideChat: Spread | undefined
  readonly besideJobs: Spread | undefined
}

export interface SharingOptions {
  readonly directory: string
  readonly cliPath: string
  readonly upstream: string
  readonly client: Client
  readonly texts: Texts
  /** Each is measured in so many blocks, in turn, of so many of the quiet tenant's turns. */
  readonly sharing: { readonly blocks: number; readonly turns: number }
  readonly signal: AbortSignal
  /** Reports what is being done. */
  readonly onProgress: (text: string) => void
}

export async function measureSharing(options: SharingOptions): Promise<Sharing> {
  const { client, texts, sharing, signal, onProgress } = options
  const directory = join(options.directory, 'sharing')
  mkdirSync(directory)
  const settings = { VIVAVOCE_TENANTS: `quiet=${KEYS.quiet},loud=${KEYS.loud}` }
  await using gateway = await startGatewayProcess({ ...options, directory, settings })
  const targetOf = (tenant: keyof typeof KEYS) => ({ url: gateway.url, dialect: chat({ key: KEYS[tenant] }) })

  const question = (): string =>
    `count to ${MODEL.pieces} for guest ${texts.question().replace(/\D/g, '')} ${directions}`
  const ask = async (tenant: keyof typeof KEYS, until: AbortSignal): Promise<number> => {
    const answer = await client.ask(targetOf(tenant), [system(texts.system().text), user(question())], {
      signal: until,
    })
    return answer.firstTextAtMs - answer.sentAtMs
  }
  const quietTurns = async (): Promise<readonly number[]> => {
    const times: number[] = []
    for (let turn = 0; turn < sharing.turns; turn += 1) times.push(await ask('quiet', signal))
    return times
  }

  /** The quiet tenant's turns while loud callers ask, each anew as soon as it is done. */
  const besideChat = async (): Promise<readonly number[]> => {
    const stopping = new AbortController()
    const until = AbortSignal.any([signal, stopping.signal])
    const caller = async (): Promise<void> => {
      while (!until.aborted) await ask('loud', until).catch((error: unknown) => until.aborted || Promise.reject(error))
    }
    const callers = Promise.all(Array.from({ length: LOUD_CALLERS }, caller))
    try {
      await Promise.race([filled(gateway, ({ queued }) => queued > 0, signal), callers])
      return await quietTurns()
    } finally {
      stopping.abort()
      await callers
    }
  }

  const besideJobs = async (): Promise<readonly number[]> => {
    const jobs = await submitJobs(gateway, signal)
    try {
      await filled(gateway, ({ background: { active, capacity } }) => active >= capacity, signal)
      return await quietTurns()
    } finally {
      for (const id of jobs) await fetch(`${gateway.url}/jobs/${id}`, { method: 'DELETE', headers: headersOf('loud') })
    }
  }

  const times = { alone: [] as number[], besideChat: [] as number[], besideJobs: [] as number[] }
  await quietTurns()
  for (let block = 1; block <= sharing.blocks; block += 1) {
    for (const [name, measure] of [
      ['alone', quietTurns],
      ['besideChat', besideChat],
      ['besideJobs', besideJobs],
    ] as const) {
      onProgress(`a quiet tenant, round ${block} of ${sharing.blocks}: ${name}`)
      await gateway.settled({ signal })
      times[name].push(...(await measure()))
    }
  }
  return {
    alone: spreadOf(times.alone),
    besideChat: spreadOf(times.besideChat),
    besideJobs: spreadOf(times.besideJobs),
  }
}

const headersOf = (tenant: keyof typeof KEYS) => ({ authorization: `Bearer ${KEYS[tenant]}` })

async function submitJobs({ url }: GatewayProcess, signal: AbortSignal): Promise<readonly string[]> {
  const ids: string[] = []
  for (let job = 0; job < LOUD_JOBS; job += 1) {
    const reply = await fetch(`${url}/execute`, {
      method: 'POST',
      headers: { ...headersOf('loud'), 'content-type': 'application/json' },
      body: JSON.stringify({ agent: 'conversational', prompt: JOB_PROMPT }),
      signal,
    })
    const { job_id: id } = (await reply.json()) as { readonly job_id?: string }
    if (id === undefined) throw new Error(`a job was refused: ${reply.status}`)
    ids.push(id)
  }
  return ids
}

interface Load {
  readonly queued: number
  readonly background: { readonly active: number; readonly capacity: number }
}

/** Resolves when the gateway is as full as is wanted. */
async function filled(
  { url, key }: GatewayProcess,
  isFull: (load: Load) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(FULL_MS)])
  const options = { headers: { authorization: `Bearer ${key}` }, signal: late }
  while (!isFull((await (await fetch(`${url}/health`, options)).json()) as Load))
    await sleep(20, undefined, { signal: late })
}
