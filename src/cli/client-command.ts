/** What the commands that talk to a running server share: their options, the server, how they write. */
import { loadClientSettings, type ClientSettings } from '../config/index.ts'
import { createClient, type Client } from './client.ts'
import { harmless, harmlessJson } from './harmless.ts'
import type { World } from './world.ts'

/** The options of each client command. `jsonForm` says what `--json` prints. */
export const clientOptions = (jsonForm: string) =>
  ({
    url: {
      type: 'string',
      value: 'URL',
      help: 'Talk to this server; its key comes from API_BEARER_TOKEN',
      fallback: 'VIVAVOCE_URL, else VIVAVOCE_HOST and VIVAVOCE_PORT',
    },
    json: { type: 'boolean', help: `Print ${jsonForm} as JSON and nothing else; failures are JSON on stderr` },
  }) as const

/** The server that is meant, and how to speak to it. @throws ConfigError */
export function openClient(
  { url }: { readonly url?: string | undefined },
  { environment }: World,
): { readonly client: Client; readonly settings: ClientSettings } {
  const settings = loadClientSettings(url === undefined ? environment : { ...environment, VIVAVOCE_URL: url })
  return { client: createClient(settings), settings }
}

/** Text of others as it may go to this stdout: as it is, unless a terminal would obey it. */
export const forStdout = ({ stdout }: World, text: string): string => (stdout.isTTY === true ? harmless(text) : text)

export const writeJson = ({ stdout }: World, value: unknown): void => void stdout.write(`${harmlessJson(value)}\n`)
