import type { Environment } from './environment.ts'
import { openLayers } from './layers.ts'
import { ConfigError } from './load-config.ts'

/** What a command that talks to a running server needs to know. */
export interface ClientSettings {
  /** Without a slash at its end. */
  readonly url: string
  readonly key: string | undefined
  /** The agent of a job that names none; without it the server chooses. */
  readonly agent: string | undefined
}

const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' }

function addressOf(host: string, port: number): string {
  const name = (EVERYWHERE[host] ?? host).replace(/^\[(.*)\]$/, '$1')
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/**
 * Reads those settings alone, from where all are read: what is wrong with one that only a server needs stops no client.
 * @throws ConfigError with all problems at once.
 */
export function loadClientSettings(env: Environment): ClientSettings {
  const problems: string[] = []
  const { read } = openLayers(env, {}, problems)
  const url = read('VIVAVOCE_URL')
  const host = read('VIVAVOCE_HOST')
  const port = read('VIVAVOCE_PORT')
  const settings = { key: read('API_BEARER_TOKEN'), agent: read('VIVAVOCE_AGENT') }
  if (url === undefined && port === 0)
    problems.push('VIVAVOCE_URL: where VIVAVOCE_PORT is 0 it must name the server (or --url): its port is not known')
  if (problems.length > 0) throw new ConfigError(problems)
  return { ...settings, url: url ?? addressOf(host, port) }
}
