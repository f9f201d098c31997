import { parseArgs } from 'node:util'
import { USAGE } from './usage.ts'

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
