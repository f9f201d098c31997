import { errorKind, ERRORS, type ErrorCode } from './error.ts'

/** The reference page of failures, as Markdown. */
export function errorReference(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { status, type, retryable, tells } = errorKind(code)
    return `| \`${code}\` | ${status} | \`${type}\` | ${retryable ? 'yes' : 'no'} | ${tells} |`
  })
  return `# Errors

Every reply that is no success is JSON. On the \`/v1\` paths it is OpenAI's envelope,

\`\`\`json
{"error": {"message": "…", "type": "…", "param": null, "code": "…"}}
\`\`\`

on \`/v1/conversational\`, \`/execute\` and \`/jobs\` it is \`{"error": "…", "detail": "…", "code": "…"}\`. In a stream whose
headers are out, the envelope comes as the last event, \`data: {"error": {…}}\`, without a finish and without \`[DONE]\`.
\`retry-after\` (seconds) and \`retry-after-ms\` are set where the time is known; \`x-should-retry: false\` where trying again
cannot help. A streamed response of a chat agent says so for \`overloaded\`, \`rate_limit_exceeded\` and \`upstream_failed\`
too: OpenAI's SDKs would try twice more, in silence. The message may be shown or spoken; what the CLI said of the failure is in the log, under the \`x-request-id\`
of the reply. This page is printed from the table in \`src/core/error.ts\` by \`npm run docs\`.

| code | status | type | may be tried again | what it means, what to do |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}
