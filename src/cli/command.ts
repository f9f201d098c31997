import { parseArgs } from 'node:util'
import { printConfig } from './config.ts'
import { runDemo } from './demo.ts'
import { runDoctor } from './doctor.ts'
import { serve } from './serve.ts'

const USAGE = `usage: vivavoce <command>

  serve [--rehearsal]   serve until stopped; --rehearsal puts a stand-in for the model API behind the CLI
  demo [--live]         show it at work on the rehearsal; --live uses the login of the CLI
  doctor                check what serving needs
  config [--reference]  print the settings in force, or the reference page of all settings
`

/** Runs one command; resolves to the program's exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { values, positionals, problem } = parse(args)
  const [command, ...rest] = positionals
  if (problem !== undefined || rest.length > 0) {
    process.stderr.write(`vivavoce: ${problem ?? `too many words: ${rest.join(' ')}`}\n\n${USAGE}`)
    return 2
  }
  switch (command) {
    case 'serve':
      return await serve({ rehearsal: values.rehearsal === true })
    case 'demo':
      return await runDemo({ live: values.live === true })
    case 'doctor':
      return await runDoctor()
    case 'config':
      return printConfig({ reference: values.reference === true })
    default:
      process[command === undefined && values.help === true ? 'stdout' : 'stderr'].write(USAGE)
      return command === undefined && values.help === true ? 0 : 2
  }
}

function parse(args: readonly string[]) {
  try {
    const options = {
      rehearsal: { type: 'boolean' },
      live: { type: 'boolean' },
      reference: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return { ...parseArgs({ args: [...args], options, allowPositionals: true }), problem: undefined }
  } catch (error) {
    // parseArgs throws for an unknown option only.
    return { values: {}, positionals: [], problem: error instanceof Error ? error.message : String(error) } as const
  }
}
