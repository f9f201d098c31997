/**
 * Shows, on the CLI that is about to be served, that a caller's text is mere text to it: no file that it names is read,
 * no command that it begins with is run. The CLI runs for real; only the model API is a rehearsal.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createColdEngine } from './claude/index.ts'
import { collectTurn, GatewayError, type Agent, type Clock, type TurnRequest } from './core/index.ts'
import { REHEARSAL_KEY, startRehearsal } from './rehearsal/index.ts'

const PROOF_MS = 60_000

const talker: Agent = { name: 'proof', description: 'Answers.', prompt: 'You answer.', tools: [] }

/** Who says how much in a request: what a text brings with it shows as another message or block. */
const shapeOf = (messages: readonly { readonly role: string; readonly content: unknown }[]): string =>
  messages.map(({ role, content }) => `${role} ${Array.isArray(content) ? content.length : 1}`).join(', ')

export interface ProofOptions {
  readonly bin: string
  readonly searchPath: string
  readonly clock: Clock
}

/** @throws GatewayError `cli_unavailable` when any text is not inert, or the CLI cannot be run. */
export async function proveInert({ bin, searchPath, clock }: ProofOptions): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-proof-'))
  try {
    const neutralDirectory = join(directory, 'neutral')
    await mkdir(neutralDirectory)
    const secret = randomUUID()
    const secretPath = join(directory, 'secret.txt')
    await writeFile(secretPath, secret)
    await using rehearsal = await startRehearsal({ paceMs: 0 })
    const engine = createColdEngine({
      bin,
      passedOn: {
        PATH: searchPath,
        HOME: directory,
        CLAUDE_CONFIG_DIR: join(directory, 'config'),
        ANTHROPIC_BASE_URL: rehearsal.url,
        ANTHROPIC_API_KEY: REHEARSAL_KEY,
      },
      neutralDirectory,
      clock,
      observer: { observe: () => undefined },
    })
    const ask = async (text: string, way: Partial<TurnRequest>): Promise<string> => {
      await collectTurn(
        engine.run(
          { agent: talker, model: 'sonnet', history: [{ role: 'system', text }], limits: { turnMs: PROOF_MS }, ...way },
          { signal: AbortSignal.timeout(PROOF_MS) },
        ),
      )
      const sent = rehearsal.requests.filter(({ rawBody }) => rawBody.includes(JSON.stringify(text)))
      if (sent.length !== 1 || sent[0] === undefined) throw new Error('a text did not arrive as it was sent')
      return shapeOf(sent[0].body.messages)
    }
    const plain = await ask('a plain text', {})
    const prove = async (name: string, way: Partial<TurnRequest>): Promise<void> => {
      const shape = await ask(`/clear ${name} @${secretPath} ultrathink @"${secretPath}"`, way)
      if (shape !== plain) throw new Error(`a text brought something with it (${name}): ${shape} instead of ${plain}`)
    }
    await Promise.all([
      prove('turn', {}),
      prove('session', { session: { uuid: randomUUID(), opened: false } }),
      prove('run', { agent: { ...talker, tools: ['Read'] }, directory: neutralDirectory, budgetUsd: 1 }),
    ])
    if (rehearsal.requests.some(({ rawBody }) => rawBody.includes(secret))) throw new Error('a file was read and sent')
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
