/** What `vivavoce serve` shows on a terminal: facts to text. */
import type { LoginStatus } from '../../claude/index.ts'
import type { Observation } from '../../core/index.ts'
import { wrap } from '../command-line/index.ts'
import { elapsed } from '../elapsed.ts'
import { harmlessLine } from '../harmless.ts'
import { isEverywhere, listeningUrl } from '../listening-url.ts'
import type { Paint } from '../paint.ts'

export interface BannerFacts {
  readonly version: string
  /** As bound. */
  readonly url: string
  /** From the start to the first turn that can be served. */
  readonly readyMs: number
  readonly cli: { readonly version: string; readonly path: string }
  /** The key that the gateway keeps; `undefined` when the operator has set keys, which are never shown. */
  readonly key: { readonly value: string; readonly path: string } | undefined
  /** Whether `API_BEARER_TOKEN` is among the keys. */
  readonly hasOwnKey: boolean
  readonly rehearsal: boolean
}

const LABEL = 10
const INDENT = '  '

const row = (label: string, value: string, paint: Paint): string =>
  `${INDENT}${paint('dim', label.padEnd(LABEL))}${value}\n`

/** Sent as it stands by whoever pastes it into a shell. */
const curl = (baseUrl: string, key: string): string =>
  [
    `curl -N ${baseUrl}/chat/completions \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    `  -d '{"stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'`,
  ]
    .map((line) => `${INDENT}${line}\n`)
    .join('')

/** The last row: it follows the banner once the CLI has said it. */
const loginRow = (text: string, paint: Paint): string => `${row('Login', text, paint)}\n`

export function loginStatus(login: LoginStatus, paint: Paint): string {
  switch (login.status) {
    case 'logged-in':
      return loginRow(paint('green', `logged in with ${harmlessLine(login.method)}`), paint)
    case 'logged-out':
      return loginRow(paint('yellow', 'not logged in; `npx vivavoce doctor` says what to do'), paint)
    case 'unknown':
      return loginRow(paint('yellow', 'unknown, the CLI does not say; `npx vivavoce doctor` tries it'), paint)
  }
}

export function banner({ version, url, readyMs, cli, key, hasOwnKey, rehearsal }: BannerFacts, paint: Paint): string {
  const { hostname, port } = new URL(url)
  const reachable = listeningUrl(hostname, Number(port || 80))
  const others = isEverywhere(hostname) ? paint('dim', '  (on every address of this machine)') : ''
  const keyRows =
    key === undefined
      ? row('Key', hasOwnKey ? 'the value of API_BEARER_TOKEN' : 'one of VIVAVOCE_TENANTS, for API_BEARER_TOKEN', paint)
      : row('Key', paint('bold', key.value), paint) + row('', paint('dim', `kept in ${harmlessLine(key.path)}`), paint)
  return [
    `\n${INDENT}${paint(['bold', 'cyan'], `vivavoce ${version}`)}  ${paint('green', `ready after ${elapsed(readyMs)}`)}\n\n`,
    row('Base URL', `${paint('bold', `${reachable}/v1`)}${others}`, paint),
    keyRows,
    row('Page', `${reachable}/`, paint),
    `\n${curl(`${reachable}/v1`, key?.value ?? '$API_BEARER_TOKEN')}\n`,
    row('CLI', `Claude Code ${cli.version}`, paint),
    row('', paint('dim', harmlessLine(cli.path)), paint),
    rehearsal ? loginRow('not needed: a rehearsal stands in for the model', paint) : '',
  ].join('')
}

export const startLine = (version: string, paint: Paint): string => `${paint('bold', `vivavoce ${version}`)} starts\n`

const TIME = 6

/**
 * What a start does, and for how long: a line for each event of the verification, `''` for what the banner or an error
 * message says, and `undefined` for what belongs into the log.
 */
export function progressLine(observation: Observation, ms: number, columns: number, paint: Paint): string | undefined {
  const indent = ' '.repeat(TIME + 2)
  const line = (text: string): string =>
    `${paint('dim', elapsed(ms).padStart(TIME))}  ${wrap(harmlessLine(text), indent, columns)}\n`
  switch (observation.type) {
    case 'cli-verification-started':
      return line('verifying that the Claude Code CLI is safe; a first start takes longer')
    case 'cli-verification-continues':
      return line(`${observation.step}${observation.attempt === 1 ? '' : ` (attempt ${observation.attempt})`}`)
    case 'cli-verification-retried':
      return line(`starting attempt ${observation.attempt}: ${observation.problem}`)
    case 'cli-verification-finished':
      return ''
    case 'cli-capabilities-found':
      return observation.missing.length === 0 ? '' : undefined
    default:
      return undefined
  }
}
