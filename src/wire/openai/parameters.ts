/** Parameters of a chat request that say how the model answers, those among them that have no effect here. */
import type { Reasoning, Sampling } from '../../core/index.ts'

/** `reasoning_effort`; values that are not known ask for nothing. */
const REASONING: Readonly<Record<string, Reasoning>> = {
  none: 'none',
  minimal: 'none',
  low: 'low',
  medium: 'medium',
  high: 'high',
}

export const reasoningOf = (value: unknown): Reasoning | undefined =>
  typeof value === 'string' && Object.hasOwn(REASONING, value) ? REASONING[value] : undefined

/** Known and without effect here; each with the value that asks for nothing. */
export const IGNORED: Readonly<Record<string, (value: unknown) => boolean>> = {
  seed: () => false,
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  service_tier: (value) => value === 'auto' || value === 'default',
  logprobs: (value) => value === false,
  top_logprobs: () => false,
  logit_bias: () => false,
  store: (value) => value === false,
  metadata: (value) =>
    typeof value !== 'object' || value === null || Object.keys(value).every((key) => key === 'conversation'),
  user: () => false,
  reasoning_effort: (value) => reasoningOf(value) !== undefined,
  verbosity: () => false,
  prediction: () => false,
  modalities: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
  audio: () => false,
  web_search_options: () => false,
}

/** What was sent and has no effect, whatever else was sent. */
export const ignoredOf = (fields: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(IGNORED).flatMap(([name, asksNothing]) => {
    const value = fields[name]
    return value == null || asksNothing(value) ? [] : [name]
  })

/**
 * The model API takes temperatures up to 1, which is what it uses by itself; only one of the two; and neither from who
 * thinks. What it does not take is ignored.
 */
export function samplingOf(
  {
    temperature,
    top_p: topP,
  }: { readonly temperature?: number | null | undefined; readonly top_p?: number | null | undefined },
  reasoning: Reasoning | undefined,
): { readonly sampling: Sampling | undefined; readonly ignored: readonly string[] } {
  const asked = [
    ...(temperature == null || temperature === 1 ? [] : ['temperature']),
    ...(topP == null || topP === 1 ? [] : ['top_p']),
  ]
  if (reasoning !== undefined && reasoning !== 'none') return { sampling: undefined, ignored: asked }
  if (temperature != null && temperature < 1) {
    return { sampling: { temperature }, ignored: asked.filter((name) => name === 'top_p') }
  }
  const ignored = asked.filter((name) => name === 'temperature')
  return { sampling: topP != null && topP < 1 ? { topP } : undefined, ignored }
}
