/**
 * Shows, on the CLI that is about to be served, that a caller's text is mere text to it: no file that it names is read,
 * no command that it begins with is run; and finds out what it can do with a process that is kept. The CLI runs for real;
 * only the model API is a rehearsal.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createColdEngine, openProbe, type Abilities, type CliBinary, type ProbeCache } from './claude/index.ts'
import { collectTurn, GatewayError, type Agent, type Clock, type TurnEngine, type TurnRequest } from './core/index.ts'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from './rehearsal/index.ts'

const PROOF_MS = 60_000

const talker: Agent = { name: 'proof', description: 'Answers.', prompt: 'You answer.', tools: [] }

/** Who says how much in a request: what a text brings with it shows as another message or block. */
const shapeOf = (messages: readonly { readonly role: string; readonly content: unknown }[]): string =>
  messages.map(({ role, content }) => `${role} ${Array.isArray(content) ? content.length : 1}`).join(', ')

export interface ProofOptions {
  readonly cli: CliBinary
  readonly searchPath: string
  /** What kept processes can do is looked up here, and found out where it is not known. */
  readonly cache: ProbeCache
  readonly clock: Clock
}

/** The two kinds of process that serve one turn only. @throws Error when a text is not inert to one of them. */
async function proveColdInert(engine: TurnEngine, rehearsal: Rehearsal, directory: string): Promise<void> {
  const secret = randomUUID()
  const secretPath = join(directory, 'secret.txt')
  await writeFile(secretPath, secret)
  const ask = async (text: string, way: Partial<TurnRequest>): Promise<string> => {
    const turn = { tenant: 'proof', agent: talker, model: 'sonnet', limits: { turnMs: PROOF_MS }, ...way }
    const history = [{ role: 'user' as const, text }]
    await collectTurn(engine.run({ ...turn, history }, { signal: AbortSignal.timeout(PROOF_MS) }))
    const [sent, ...more] = rehearsal.requests.filter(({ rawBody }) => rawBody.includes(JSON.stringify(text)))
    if (sent === undefined || more.length > 0) throw new Error('a text did not arrive as it was sent')
    return shapeOf(sent.body.messages)
  }
  const plain = await ask(`a plain text ${randomUUID()}`, {})
  const prove = async (name: string, way: Partial<TurnRequest>): Promise<void> => {
    const shape = await ask(`/clear ${name} @${secretPath} ultrathink @"${secretPath}"`, way)
    if (shape !== plain) throw new Error(`a text brought something with it (${name}): ${shape} instead of ${plain}`)
  }
  const doer: Agent = { ...talker, tools: ['Read'] }
  await Promise.all([prove('turn', {}), prove('run', { agent: doer, directory, budgetUsd: 1 })])
  if (rehearsal.requests.some(({ rawBody }) => rawBody.includes(secret))) throw new Error('a file was read and sent')
}

/**
 * Resolves with what kept processes can do; `undefined` where none can be kept.
 * @throws GatewayError `cli_unavailable` when any text is not inert, or the CLI cannot be run.
 */
export async function proveCli({ cli, searchPath, cache, clock }: ProofOptions): Promise<Abilities | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-proof-'))
  try {
    const neutralDirectory = join(directory, 'neutral')
    await mkdir(neutralDirectory)
    await using rehearsal = await startRehearsal({ paceMs: 0 })
    const passedOn = {
      PATH: searchPath,
      HOME: directory,
      TMPDIR: directory,
      CLAUDE_CONFIG_DIR: join(directory, 'config'),
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
    }
    const cold = createColdEngine({
      bin: cli.path,
      passedOn,
      neutralDirectory,
      persona: 'prepend',
      afterResultMs: PROOF_MS,
      clock,
      observer: { observe: () => undefined },
    })
    const kept = async (): Promise<Abilities | undefined> => {
      const probe = await openProbe({
        bin: cli.path,
        passedOn,
        directory,
        bodies: () => rehearsal.requests.map(({ rawBody }) => rawBody),
        clock,
      })
      const known = await cache.get(cli)
      const abilities = known ?? (await probe.abilities())
      if (abilities === undefined) return undefined
      if (!(await probe.isInert(abilities))) throw new Error('a text was not inert to a process that is kept')
      if (known === undefined) await cache.put(cli, abilities)
      return abilities
    }
    const [found, proven] = await Promise.allSettled([kept(), proveColdInert(cold, rehearsal, neutralDirectory)])
    if (found.status === 'rejected') throw found.reason
    if (proven.status === 'rejected') throw proven.reason
    return found.value
  } catch (cause) {
    throw new GatewayError(
      'cli_unavailable',
      'This Claude Code CLI was not shown to take callers’ text as mere text, so it is not served. Use another version of it (VIVAVOCE_CLAUDE_BIN).',
      { cause },
    )
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}
