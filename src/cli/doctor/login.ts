/** A real turn for each model, under the login of the CLI. */
import { createColdEngine, createStartTimes, type CliBinary } from '../../claude/index.ts'
import type { Config } from '../../config/index.ts'
import { collectTurn, GatewayError, systemClock } from '../../core/index.ts'
import { fail, ok, reasonOf, skip, warn, type Check, type Finding } from './check.ts'

const TURN_MS = 60_000

const NETWORK =
  /connect|network|socket|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|timed? ?out|certificate|proxy|dns/i

/** Asks for one word. Resolves when a response came; throws what failed. */
async function askModel(model: string, config: Config, cli: CliBinary, signal: AbortSignal): Promise<void> {
  const engine = createColdEngine({
    bin: cli.path,
    passedOn: config.cliEnvironment,
    persona: 'fallback',
    afterResultMs: config.VIVAVOCE_AFTER_RESULT_TIMEOUT_SECONDS * 1000,
    startTimes: createStartTimes({ leastMs: config.VIVAVOCE_START_TIMEOUT_SECONDS * 1000 }),
    clock: systemClock,
    observer: { observe: () => undefined },
  })
  const agent = { name: 'doctor', description: 'Answers.', prompt: 'Answer with the word OK.', tools: [] }
  const turn = { tenant: 'doctor', agent, model, limits: { turnMs: TURN_MS } }
  await collectTurn(engine.run({ ...turn, history: [{ role: 'user', text: 'Answer with the word OK.' }] }, { signal }))
}

const wordsOf = ({ details }: GatewayError): string => {
  const { words, errors, stderr } = details ?? {}
  return [words, errors, stderr]
    .flat()
    .filter((part) => typeof part === 'string')
    .join(' ')
}

/** The cause of a failed turn, and what to do. */
export function turnFinding(error: unknown, environment: Readonly<Record<string, string>>): Finding {
  if (!(error instanceof GatewayError)) return fail(reasonOf(error), 'Run `claude -p hello` to see what the CLI says.')
  const words = wordsOf(error)
  const said = words === '' ? '' : ` (${words.replaceAll(/\s+/g, ' ').slice(0, 160)})`
  const endpoint =
    environment['ANTHROPIC_BASE_URL'] === undefined ? '' : ' ANTHROPIC_BASE_URL is set: check that address.'
  switch (error.code) {
    case 'cli_not_logged_in':
      return fail(
        `the CLI is not logged in${said}`,
        'Run `claude setup-token` and set CLAUDE_CODE_OAUTH_TOKEN to the token that it prints, in the environment or in the configuration file; or run `claude` and log in; or set ANTHROPIC_API_KEY.',
      )
    case 'insufficient_quota':
      return warn(
        'the CLI is logged in, but the usage limit of the plan is reached',
        'Requests fail with 429 until the plan allows more.',
        { isLoggedIn: true },
      )
    case 'rate_limit_exceeded':
    case 'overloaded':
      return warn(`the CLI is logged in, but the model API is busy: ${error.message}`, 'Try again later.', {
        isLoggedIn: true,
      })
    case 'timeout':
      return fail(
        `no response came within ${TURN_MS / 1000} s`,
        `Check that this machine reaches the model API (api.anthropic.com), directly or by HTTPS_PROXY.${endpoint}`,
      )
    case 'upstream_failed':
    case 'cli_failed':
      if (NETWORK.test(words))
        return fail(
          `the model API cannot be reached${said}`,
          `Check the network of this machine, HTTPS_PROXY and its certificates (NODE_EXTRA_CA_CERTS).${endpoint}`,
        )
      break
    default:
  }
  return fail(`${error.message}${said}`, 'Run `claude -p hello` to see what the CLI says.')
}

export const login = (isOffline: boolean): Check => ({
  name: 'login',
  needs: ['config', 'cli'],
  async run({ facts: { config, cli }, signal }) {
    if (isOffline) return skip('not checked, because of --offline')
    if (config === undefined || cli === undefined) throw new Error('no CLI')
    try {
      await askModel(config.VIVAVOCE_DEFAULT_MODEL, config, cli, signal)
      return ok(`the CLI is logged in; ${config.VIVAVOCE_DEFAULT_MODEL} answered`, { isLoggedIn: true })
    } catch (error) {
      signal.throwIfAborted()
      return turnFinding(error, config.cliEnvironment)
    }
  },
})

export const models = (isOffline: boolean): Check => ({
  name: 'models',
  needs: isOffline ? [] : ['config', 'cli', 'isLoggedIn'],
  async run({ facts: { config, cli }, signal }) {
    if (isOffline) return skip('not checked, because of --offline')
    if (config === undefined || cli === undefined) throw new Error('no CLI')
    const refused: string[] = []
    for (const model of config.VIVAVOCE_MODELS) {
      if (model === config.VIVAVOCE_DEFAULT_MODEL) continue
      try {
        await askModel(model, config, cli, signal)
      } catch (error) {
        signal.throwIfAborted()
        refused.push(`${model}: ${turnFinding(error, config.cliEnvironment).found}`)
      }
    }
    return refused.length === 0
      ? ok(config.VIVAVOCE_MODELS.join(', '))
      : warn(
          `not every model answers (${refused.join('; ')})`,
          'Leave models that this login may not use out of VIVAVOCE_MODELS.',
        )
  },
})
