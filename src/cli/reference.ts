import { helpOf, type Command, type CommandGroup } from './command-line/index.ts'
import { COMMANDS } from './commands.ts'

const pagesOf = (entry: Command | CommandGroup): readonly string[] => [
  helpOf(entry),
  ...('commands' in entry ? entry.commands.flatMap(pagesOf) : []),
]

/** The reference page of the command, as Markdown. */
export function commandReference(): string {
  return `# The command

${pagesOf(COMMANDS)
  .map((help) => `\`\`\`text\n${help}\`\`\`\n`)
  .join('\n')}
\`vivavoce jobs\` and \`vivavoce conversations\` are clients of a server that is up. They read \`VIVAVOCE_URL\`, \`VIVAVOCE_HOST\`,
\`VIVAVOCE_PORT\`, \`VIVAVOCE_AGENT\` and \`API_BEARER_TOKEN\`, from the environment or the file that \`VIVAVOCE_CONFIG\` names, and no
other [setting](config.md). The key is never an option, since options stand in the list of processes.

## Exit codes

| code | |
| --- | --- |
| 0 | done; for \`jobs follow\` and \`jobs submit --wait\`: the job was completed |
| 1 | a failure, told on stderr; or the job was not completed |
| 2 | the command line is wrong |
| 130, 143 | stopped by SIGINT or SIGTERM; a job that was followed goes on |
| 141 | nobody read the output |

## JSON

With \`--json\` stdout has JSON and nothing else, with all that the server tells, also what this version does not know.

| command | stdout |
| --- | --- |
| \`jobs submit\` | \`{"job_id", "status"}\`; with \`--wait\` the job as it is in the end |
| \`jobs list\`, \`conversations list\` | an array; with \`--all\` a line for each item |
| \`jobs follow\` | a line for each event: \`{"type", "sequence", "at", …}\` |
| \`jobs cancel\`, \`conversations forget\` | an array of what succeeded |
| \`conversations show\` | the conversation |

A failure is a line on stderr: \`{"error": {"message", "code", "status"?, "retry_after_seconds"?, "job_id"?, "session_id"?,
"idempotency_key"?}}\`. \`code\` is one of the [server's](errors.md), or \`usage\`, \`configuration\`, \`unreachable\`,
\`unexpected_reply\`, \`interrupted\`, \`not_found\` or \`failed\`.
`
}
