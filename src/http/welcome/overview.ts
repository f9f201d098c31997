import type { CliState } from '../../core/index.ts'

/** What anybody may know of a server: no secret, no path, no count. */
export interface Overview {
  readonly name: 'vivavoce'
  readonly version: string
  readonly status: 'ready' | 'starting' | 'unavailable'
  /** Why the server is ready or not, as a sentence. */
  readonly detail: string
  readonly base_url: string | null
  readonly documentation: readonly { readonly title: string; readonly path: string }[]
}

export interface OverviewOptions {
  readonly version: string
  readonly cli: CliState
  readonly rehearsal: boolean
  readonly nowMs: number
  readonly baseUrl: string | undefined
  readonly documents: ReadonlyMap<string, string>
}

const MS_A_SECOND = 1000

function statusOf(cli: CliState, nowMs: number, rehearsal: boolean): Pick<Overview, 'status' | 'detail'> {
  switch (cli.status) {
    case 'ready':
      return {
        status: 'ready',
        detail: rehearsal
          ? `Claude Code ${cli.version} answers from a rehearsal, not from the model.`
          : `Claude Code ${cli.version} answers.`,
      }
    case 'verifying': {
      const seconds = Math.max(0, Math.round((nowMs - cli.sinceMs) / MS_A_SECOND))
      return {
        status: 'starting',
        detail: `The server verifies its Claude Code CLI before it serves: attempt ${cli.attempt}, for ${seconds} s.`,
      }
    }
    case 'refused':
      return {
        status: 'unavailable',
        detail: 'The Claude Code CLI did not pass its verification. The log and `vivavoce doctor` say why.',
      }
  }
}

const titleOf = (name: string, text: string): string =>
  name === 'README.md' ? 'README' : (/^# (.+)$/m.exec(text)?.[1] ?? name)

export const toOverview = ({ version, cli, rehearsal, nowMs, baseUrl, documents }: OverviewOptions): Overview => ({
  name: 'vivavoce',
  version,
  ...statusOf(cli, nowMs, rehearsal),
  base_url: baseUrl ?? null,
  documentation: [...documents].map(([name, text]) => ({ title: titleOf(name, text), path: `/docs/${name}` })),
})
