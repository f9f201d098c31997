import type { Observation } from '../core/index.ts'
import { FAILURE_LEVEL, LOG_EVENTS } from './log-events.ts'

const fieldName = (name: string): string => (name === 'error' ? 'the error (see above)' : `\`${name}\``)

function eventSection(name: Observation['type']): string {
  const { level, says, fields } = LOG_EVENTS[name]
  const rows = Object.entries(fields).map(([field, meaning]) => `| ${fieldName(field)} | ${meaning} |`)
  return `## ${name}

${says} Level: ${typeof level === 'string' ? `\`${level}\`` : level.says}.

| field | meaning |
| --- | --- |
${rows.join('\n')}
`
}

/** The reference page of the log, as Markdown. */
export const logReference = (): string => `# The log

The log is JSON lines on stderr; \`vivavoce serve\` writes lines for people when stdout and stderr are terminals. Each JSON line
has \`level\` (20 \`debug\`, 30 \`info\`, 40 \`warn\`, 50 \`error\`), \`time\` (milliseconds since the epoch), \`msg\` (the event) and the fields of the event. \`VIVAVOCE_LOG_LEVEL\` sets the lowest level that is written. No line holds a
key, a password, or anything that a caller or the model said.

An error is logged in several fields: \`reason\`, \`cause\` if there is one, and \`details\` or, for a defect, \`stack\`. For a mistake of the
caller, only \`param\` and \`details\` are logged. \`ms\` and names that end in \`Ms\` are in milliseconds. The
level of a failure is ${FAILURE_LEVEL}.

Two lines come from the command itself: \`serving\` (\`url\`, \`cli\`, and \`keyFile\` if the server keeps its key) when turns are served, and
\`stopping\` (\`signal\`) when the server was asked to stop. On a terminal the banner stands in the place of \`serving\`.

This page is printed from the table in \`src/telemetry/log-events.ts\` by \`npm run docs\`.

${(Object.keys(LOG_EVENTS) as Observation['type'][]).map(eventSection).join('\n')}`
