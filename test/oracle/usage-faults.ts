/** What the schema cannot say of `usage`. */
export function usageFaults(usage: {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}): readonly string[] {
  return usage.total_tokens === usage.prompt_tokens + usage.completion_tokens
    ? []
    : ['usage.total_tokens is not the sum of prompt_tokens and completion_tokens']
}
