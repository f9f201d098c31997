/** A whole run: starts what is measured, measures it in turn, and ends all it started, also when it fails. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { locateCli, type CliBinary } from '../src/claude/index.ts'
import { startRehearsal } from '../src/rehearsal/index.ts'
import { createClient } from './ask.ts'
import { defaultBytes } from './bare-cli.ts'
import type { Ground } from './block.ts'
import { measureRows, type MeasuredRows } from './measure-rows.ts'
import { searchPath } from './quiet-environment.ts'
import { measureRelayedToken, type RelayedToken } from './relayed-token.ts'
import { measureSharing, type Sharing } from './sharing.ts'
import type { Sizes } from './sizes.ts'
import { createTexts } from './texts.ts'

export interface Measured extends MeasuredRows {
  readonly cli: CliBinary
  readonly relayedToken: RelayedToken
  readonly sharing: Sharing
  /** What the CLI with its default arguments sends beside the prompt. */
  readonly defaultBytes: number
}

export interface RunOptions {
  readonly sizes: Sizes
  readonly signal: AbortSignal
  /** Told what is being done. */
  readonly onProgress: (text: string) => void
}

export async function run({ sizes, signal, onProgress }: RunOptions): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const cli = await locateCli({ wanted: undefined, searchPath: searchPath() })
  const rehearsal = stack.use(await startRehearsal({ paceMs: 0 }))
  const client = stack.use(createClient())
  const ground: Ground = { rehearsal, client, texts: createTexts(), turns: sizes.turns, signal }

  onProgress('the CLI with its default arguments')
  const bare = { cliPath: cli.path, directory: join(directory, 'default'), upstream: rehearsal.url, signal }
  const bytes = await defaultBytes(bare, rehearsal)

  const rows = await measureRows(ground, { directory, cliPath: cli.path, sizes, onProgress })

  onProgress('the way of a token')
  const relayedToken = await measureRelayedToken(ground, { directory, cliPath: cli.path, relayed: sizes.relayed })
  const sharing = await measureSharing({
    directory,
    cliPath: cli.path,
    upstream: rehearsal.url,
    client,
    texts: ground.texts,
    sharing: sizes.sharing,
    signal,
    onProgress,
  })
  return { ...rows, cli, relayedToken, sharing, defaultBytes: bytes }
}
