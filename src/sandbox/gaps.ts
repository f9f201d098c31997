import { mayExchangeFiles, needsSandbox, type Agent } from '../core/index.ts'

/** What the sandbox of this machine cannot give, and whom that concerns. */
export interface Gap {
  readonly concerns: (agent: Agent) => boolean
  /** For the log. */
  readonly problem: string
  /** For callers. */
  readonly message: string
}

export interface Findings {
  readonly sandbox: { readonly ok: true } | { readonly ok: false; readonly problem: string }
  /** The CLI; `refusesExchangedFiles`: what a program exchanges for a link between its look and its use. */
  readonly cli: { readonly version: string; readonly refusesExchangedFiles: boolean }
}

export function gapsOf({ sandbox, cli }: Findings): readonly Gap[] {
  if (!sandbox.ok)
    return [
      {
        concerns: needsSandbox,
        problem: sandbox.problem,
        message:
          'This agent may run commands or write files, and this server has no sandbox for it. Its operator must install bubblewrap.',
      },
    ]
  if (cli.refusesExchangedFiles) return []
  return [
    {
      concerns: mayExchangeFiles,
      problem: `version ${cli.version} of the CLI can be led out of the workspace by programs that run beside its file tools; update it`,
      message:
        'This agent may run commands beside its file tools, and the Claude Code CLI of this server is too old to keep these in the workspace then. Its operator must update it.',
    },
  ]
}
