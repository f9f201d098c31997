import { limitReference } from '../../core/index.ts'
import { IGNORED } from './parameters.ts'

/** What is honoured, as a talker takes it. */
const HONOURED: Readonly<Record<string, string>> = {
  model:
    'A model, `agent/model`, a name that `VIVAVOCE_MODEL_ALIASES` maps, or one that clients of OpenAI and Anthropic send (`gpt-4o`, `openai/gpt-5-mini`, `claude-sonnet-4-5`). Absent: the default.',
  messages:
    'Roles `system`, `developer`, `user`, `assistant`, `tool`, `function`, in any order; content as text or parts. Pictures (`image_url`, data or http) where a user or a result brings them. Files (`file` with `file_data`: PDF, plain text, Markdown, CSV, JSON) where a user sends them. `name` of a user stands before what is said.',
  'stream, stream_options.include_usage':
    'Server-sent events, with usage in the last chunk where it is asked for. For each tool that a tool agent uses there is a chunk with an empty `delta` and `vivavoce: {tool: NAME}`.',
  'max_tokens, max_completion_tokens':
    'One limit; the second goes before the first. An answer that meets it ends with `length`.',
  stop: 'A text or up to four, each of up to 1,000 characters, at which the answer ends. Not with `response_format`.',
  'tools, tool_choice, parallel_tool_calls':
    'Functions that you run, as `tool_calls`, and custom tools without a grammar. For talkers; a request that has them goes to one.',
  response_format:
    '`text`, `json_object`, or `json_schema`: what you get satisfies the schema, or the request fails with `schema_unmet`.',
  temperature: 'From 0 to 1. Above 1 there is nothing hotter, so it is ignored; so it is where the model thinks.',
  top_p: 'Where no `temperature` below 1 is given, and the model does not think.',
  reasoning_effort:
    '`none` and `minimal` switch thinking off, which is a talker’s default; `low`, `medium` and `high` switch it on.',
  'metadata.conversation':
    'Or the header `x-conversation-id`: names the conversation. A newer request of it ends an older one that is unfinished; it also helps to choose a process, and nothing depends on it.',
  n: 'Only 1.',
}

/** The reference page of the parameters of `POST /v1/chat/completions`, as Markdown. */
export const parameterReference = (): string => `# Chat completions: parameters

What \`POST /v1/chat/completions\` does with the parameters of OpenAI's API. Unknown ones are let through. This page is printed
from the tables in \`src/wire/openai/\` by \`npm run docs\`.

| parameter | what it does |
| --- | --- |
${Object.entries(HONOURED)
  .map(([name, tells]) => `| \`${name.replaceAll(', ', '`, `')}\` | ${tells} |`)
  .join('\n')}

These are accepted and have no effect; a reply to a request that sends them names them in \`x-vivavoce-ignored\`, and the log once:
${Object.keys(IGNORED)
  .filter((name) => !(name in HONOURED))
  .map((name) => `\`${name}\``)
  .join(
    ', ',
  )}. So are values of the others that cannot be honoured, as told above, and \`metadata\` but for \`conversation\`.

## Limits

A request that holds more is refused with 400; the message names the limit and what was sent. The limits are fixed, because
each step of a request must leave the server free to answer others; the size of a body is \`VIVAVOCE_MAX_BODY_MB\`.

| of | at most |
| --- | --- |
${limitReference()}
`
