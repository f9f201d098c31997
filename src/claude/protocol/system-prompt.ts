/** Texts that the CLI does not send as a system prompt, but takes for parts of its own (seen on 2.1.197 and 2.1.330). */
import { GatewayError } from '../../core/index.ts'

/** The mark between the parts of the CLI's own system prompt. A prompt that is nothing else is not sent. */
export const BOUNDARY = '__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__'
/** A system prompt that begins so is sent in place of what the CLI says of itself to the model API. */
const BILLING = 'x-anthropic-billing-header'

/**
 * Whether a process that runs cannot be told the system prompt: `set_model` cuts a line that is the mark (2.1.330), while
 * `initialize` leaves it.
 */
export const isCutLater = (system: string): boolean => system.split('\n').some((line) => line.trim() === BOUNDARY)

/** @throws GatewayError `invalid_request` where the CLI would not send the text as a system prompt. */
export function checkSystemPrompt(system: string): void {
  const problem = system.startsWith(BILLING)
    ? `begins with \`${BILLING}\``
    : system === BOUNDARY
      ? `is \`${BOUNDARY}\` alone`
      : undefined
  if (problem === undefined) return
  throw new GatewayError(
    'invalid_request',
    `\`messages\`: the system message ${problem}, which the Claude Code CLI takes for its own. Put other text before it.`,
    { param: 'messages' },
  )
}
