import { parseArgs } from 'node:util'

const USAGE = `usage: vivavoce <command>

  serve [--rehearsal]   serve until stopped; --rehearsal puts a stand-in for the model API behind the CLI
  demo [--live]         show it at work on the rehearsal; --live uses the login of the CLI
  doctor                check what serving needs
  config [--reference]  print the settings in force, or the reference page of all settings
  jobs <command>        submit, list, follow and cancel background runs on a server that is up
  conversations <command>
                        list, show and forget the conversations that it keeps
  help                  print this; \`vivavoce jobs --help\` and the like tell more
`

/** Runs one command; resolves to the program's exit code. What a command needs is loaded with it: some need little. */
export async function runCommand(args: readonly string[]): Promise<number> {
  // These have words of their own.
  if (args[0] === 'jobs') return await (await import('./jobs/index.ts')).runJobs(args.slice(1))
  if (args[0] === 'conversations')
    return await (await import('./conversations/index.ts')).runConversations(args.slice(1))
  const { values, positionals, problem } = parse(args)
  const [command, ...rest] = positionals
  if (problem !== undefined || rest.length > 0) {
    process.stderr.write(`vivavoce: ${problem ?? `too many words: ${rest.join(' ')}`}\n\n${USAGE}`)
    return 2
  }
  switch (command) {
    case 'serve':
      return await (await import('./serve.ts')).serve({ rehearsal: values.rehearsal === true })
    case 'demo':
      return await (await import('./demo.ts')).runDemo({ live: values.live === true })
    case 'doctor':
      return await (await import('./doctor.ts')).runDoctor()
    case 'config':
      return (await import('./config.ts')).printConfig({ reference: values.reference === true })
    default: {
      const isHelp = command === 'help' || (command === undefined && values.help === true)
      process[isHelp ? 'stdout' : 'stderr'].write(USAGE)
      return isHelp ? 0 : 2
    }
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
