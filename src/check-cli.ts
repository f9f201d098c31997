/**
 * Checks the CLI that is to be served: whether callers' text is inert to it (no file that a text names is read, no command
 * that it begins with is run), and what it can do. The CLI runs for real; only the model API is a rehearsal.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  askVersion,
  createPace,
  deadline,
  isComplete,
  NOTHING_FOUND,
  obstacleOfExit,
  obstacleOfSystem,
  openCapabilityCache,
  openProbe,
  resolveCli,
  tierOf,
  writeSeed,
  type CapabilityCache,
  type CliBinary,
  type Findings,
  type Obstacle,
  type Pace,
  type TrialResult,
} from './claude/index.ts'
import type { Config } from './config/index.ts'
import { GatewayError, systemClock, type Clock, type Observer } from './core/index.ts'
import { createSemaphore, makeDirectory } from './lib/index.ts'
import { proveOneShot } from './prove-one-shot.ts'
import { REHEARSAL_KEY, startRehearsal } from './rehearsal/index.ts'

export type CheckOutcome =
  /** Text is inert to it. What is still unknown of it is absent in the findings. */
  | { readonly outcome: 'verified'; readonly cli: CliBinary; readonly findings: Findings; readonly obstacle?: Obstacle }
  /** It acted on text, shown twice. */
  | { readonly outcome: 'unsafe'; readonly message: string }
  /** The check showed nothing. It may come to something if it is repeated, with longer limits. */
  | { readonly outcome: 'unchecked'; readonly kind: Obstacle['kind']; readonly message: string }
  /** It is no Claude Code CLI. */
  | { readonly outcome: 'unusable'; readonly message: string }

export interface CliCheckOptions {
  /** Of the CLI, links followed. */
  readonly path: string
  readonly searchPath: string
  /** One that can be written to; everything of the check is below it, and gone afterwards. */
  readonly directory: string
  readonly cache: CapabilityCache
  /** What the cache holds is not believed but found out again. */
  readonly renew?: boolean
  /** How many processes are tried at once. */
  readonly atOnce: number
  readonly pace?: Pace
  readonly clock: Clock
  readonly observer: Observer
}

export interface CliCheck {
  /** What goes on just now, as a part of a sentence. */
  readonly step: string
  /** What was shown before is not shown again: a second attempt is for what stayed unknown. Rejects with the signal's reason. */
  attempt(signal: AbortSignal): Promise<CheckOutcome>
}

/** Where it is kept what the CLI can do. */
export const cachePath = ({ cacheDirectory }: Config): string => join(cacheDirectory, 'capabilities.json')

/** On one or two cores more processes at once only slow each other down. */
export const checksAtOnce = (cores: number): number => Math.max(1, Math.min(2, cores))

const REMEDIES: { readonly [Kind in Obstacle['kind']]: string } = {
  late: 'The check is repeated with longer limits; it is quicker if less runs on this machine.',
  failed: 'The check is repeated; if it keeps failing, run the CLI by hand to see why.',
  program: 'Make it a program that this user may run, or set VIVAVOCE_CLAUDE_BIN to another one.',
  environment: 'Make room on the disk, or make the directory writable (VIVAVOCE_DATA_DIR names it).',
}

const unchecked = ({ kind, problem }: Obstacle): CheckOutcome => ({
  outcome: 'unchecked',
  kind,
  message: `The Claude Code CLI could not be checked: ${problem}. ${REMEDIES[kind]}`,
})

const SHOWN: TrialResult = { result: 'yes' }

/** Remembers of what kind of process a proof was given. */
function createProof() {
  let proved: string | undefined
  return {
    async once(kind: string, prove: () => Promise<TrialResult>): Promise<TrialResult> {
      if (kind === proved) return SHOWN
      const shown = await prove()
      if (shown.result === 'yes') proved = kind
      return shown
    },
  }
}

export function createCliCheck(options: CliCheckOptions): CliCheck {
  const { path, searchPath, cache, renew = false, atOnce, clock, observer } = options
  const pace = options.pace ?? createPace()
  const places = createSemaphore({ capacity: atOnce, maxWaiting: Infinity })
  let step = 'looking at its binary'
  let cli: CliBinary | undefined
  let findings: Findings = NOTHING_FOUND
  const inert = { oneShot: createProof(), pooled: createProof() }

  async function version(
    passedOn: Readonly<Record<string, string>>,
    directory: string,
    signal: AbortSignal,
  ): Promise<CliBinary | CheckOutcome> {
    using late = deadline(clock, pace.limits.startMs)
    try {
      const answer = await askVersion(
        { bin: path, passedOn, directory, clock },
        { signal: AbortSignal.any([signal, late.signal]) },
      )
      if ('version' in answer) return { path, version: answer.version }
      const { code, signal: ending, stdout, stderr } = answer
      if (code !== 0) return unchecked(obstacleOfExit(ending ?? `code ${code}`, stderr))
      const message = `${path} is not the Claude Code CLI: it does not tell its version but ${JSON.stringify(stdout.trim())}. Set VIVAVOCE_CLAUDE_BIN to the CLI.`
      return { outcome: 'unusable', message }
    } catch (error) {
      signal.throwIfAborted()
      if (!late.signal.aborted) throw error
      pace.late()
      return unchecked({ kind: 'late', problem: late.signal.reason.message })
    }
  }

  const unsafe = (problem: string): CheckOutcome => ({
    outcome: 'unsafe',
    message: `The Claude Code CLI ${cli?.version ?? ''} acts on text that callers send, so it is not served: ${problem}. Set VIVAVOCE_CLAUDE_BIN to another version.`,
  })

  async function attemptIn(directory: string, signal: AbortSignal): Promise<CheckOutcome> {
    await using rehearsal = await startRehearsal({ paceMs: 0 })
    const passedOn = {
      PATH: searchPath,
      HOME: directory,
      TMPDIR: directory,
      CLAUDE_CONFIG_DIR: join(directory, 'config'),
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
    }
    if (cli === undefined) {
      step = 'asking for its version'
      const answer = await version(passedOn, directory, signal)
      if ('outcome' in answer) return answer
      cli = answer
      if (!renew) findings = (await cache.get(cli)) ?? NOTHING_FOUND
    }
    const served = cli
    const seedPath = await writeSeed(directory)
    const common = { bin: path, passedOn, directory, places, pace, clock }
    const bodies = (): readonly string[] => rehearsal.requests.map(({ rawBody }) => rawBody)
    const probe = await openProbe({ ...common, seedPath, bodies })
    const wasComplete = isComplete(findings)

    if (!wasComplete) step = 'trying out what it can do'
    const { obstacle, ...found } = await probe.find(findings, signal)
    findings = found.findings
    const tier = tierOf(findings)
    const isSeeded = tier?.environmentNote === 'removable'
    const oneShot = { ...common, ...(isSeeded ? { seedPath } : {}), rehearsal }
    step = 'showing that text is inert to it'
    const [one, kept] = await Promise.allSettled([
      inert.oneShot.once(isSeeded ? 'seeded' : 'plain', () => proveOneShot(oneShot, signal)),
      tier === undefined ? SHOWN : inert.pooled.once(JSON.stringify(tier), () => probe.isInert(tier, signal)),
    ])
    if (one.status === 'rejected') throw one.reason
    if (kept.status === 'rejected') throw kept.reason
    const single = one.value
    const shown = kept.value
    for (const result of [single, shown]) if (result.result === 'no') return unsafe(result.problem)
    for (const result of [single, shown]) if (result.result === 'unknown') return unchecked(result)
    if (isComplete(findings) && (renew || !wasComplete))
      await cache
        .put(served, findings)
        .catch((error: unknown) => observer.observe({ type: 'cli-capabilities-not-kept', path: cache.path, error }))
    return { outcome: 'verified', cli: served, findings, ...(obstacle === undefined ? {} : { obstacle }) }
  }

  return {
    get step() {
      return step
    },
    async attempt(signal) {
      try {
        await makeDirectory(options.directory)
        const directory = await mkdtemp(join(options.directory, 'check-'))
        try {
          return await attemptIn(directory, signal)
        } finally {
          await rm(directory, { recursive: true, force: true, maxRetries: 3 })
        }
      } catch (error) {
        signal.throwIfAborted()
        const obstacle = obstacleOfSystem(error)
        if (obstacle === undefined) throw error
        return unchecked(obstacle)
      }
    },
  }
}

export interface CheckOnceOptions extends Pick<CliCheckOptions, 'directory' | 'renew' | 'observer'> {
  readonly signal: AbortSignal
}

/**
 * Checks the CLI of a configuration in one attempt, for `doctor`; `renew` finds out anew what the cache holds.
 * @throws GatewayError `cli_unavailable` with the message of any outcome that is not `verified`.
 */
export async function checkOnce(
  config: Config,
  { signal, ...options }: CheckOnceOptions,
): Promise<Extract<CheckOutcome, { outcome: 'verified' }>> {
  const check = createCliCheck({
    ...options,
    path: resolveCli({ wanted: config.VIVAVOCE_CLAUDE_BIN, searchPath: config.searchPath }),
    searchPath: config.searchPath,
    cache: openCapabilityCache(cachePath(config), systemClock),
    atOnce: checksAtOnce(config.cores),
    clock: systemClock,
  })
  const outcome = await check.attempt(signal)
  if (outcome.outcome === 'verified') return outcome
  throw new GatewayError('cli_unavailable', outcome.message)
}
