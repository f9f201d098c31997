/** Asks a CLI whether it is logged in. It looks at its own settings for that and asks nobody. */
import { z } from 'zod'
import type { Clock } from '../core/index.ts'
import { onAbort, parseJson } from '../lib/index.ts'
import { deadline } from './probe/index.ts'
import { childEnvironment, CliProcess, NEUTRAL_DIRECTORY, newMark } from './process/index.ts'

export type LoginStatus =
  | { readonly status: 'logged-in'; readonly method: string }
  | { readonly status: 'logged-out' }
  /** The CLI does not say, or not in time: a version may not know the question. */
  | { readonly status: 'unknown' }

export interface LoginStatusOptions {
  readonly bin: string
  readonly passedOn: Readonly<Record<string, string>>
  readonly clock: Clock
}

const LIMIT_MS = 10_000
const MAX_STDOUT_CHARS = 16_384

/** `claude auth status --json`, as 2.1.197 and 2.1.330 print it. */
const printed = z.object({
  loggedIn: z.boolean(),
  authMethod: z.string().optional(),
  apiProvider: z.string().optional(),
})

const METHODS: Readonly<Record<string, string>> = {
  api_key: 'an API key',
  oauth_token: 'a token of `claude setup-token`',
  'claude.ai': 'a Claude account',
}

/** What the CLI printed, as far as it came; `undefined` while it is not whole. */
export function toLoginStatus(stdout: string): LoginStatus | undefined {
  const json = parseJson(stdout)
  const { success, data } = printed.safeParse(json.ok ? json.value : undefined)
  if (!success) return undefined
  const { loggedIn, authMethod = 'a login', apiProvider = 'another provider' } = data
  if (!loggedIn) return { status: 'logged-out' }
  return {
    status: 'logged-in',
    method: authMethod === 'third_party' ? apiProvider : (METHODS[authMethod] ?? authMethod),
  }
}

/** Never waits for the CLI to exit: once the answer is whole, or the limit is reached, it is ended. Rejects with the signal's reason. */
export async function askLoginStatus(
  { bin, passedOn, clock }: LoginStatusOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<LoginStatus> {
  signal.throwIfAborted()
  await using child = await CliProcess.start({
    bin,
    args: ['auth', 'status', '--json'],
    env: childEnvironment(passedOn, { mark: newMark() }),
    directory: NEUTRAL_DIRECTORY,
    clock,
    observer: { observe: () => undefined },
    agent: 'login',
    model: 'none',
  })
  using late = deadline(clock, LIMIT_MS)
  using _late = onAbort(late.signal, () => void child.stop('deadline'))
  using _left = onAbort(signal, () => void child.stop('shutdown'))
  child.endInput()
  let stdout = ''
  for await (const line of child.lines()) {
    stdout += `${line}\n`
    const status = toLoginStatus(stdout)
    if (status !== undefined) return status
    if (stdout.length > MAX_STDOUT_CHARS) break
  }
  signal.throwIfAborted()
  return { status: 'unknown' }
}
