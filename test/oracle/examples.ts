/** Replies as they should be, for tests that break them. */
const HEAD = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'sonnet' }

export const USAGE = {
  prompt_tokens: 7,
  completion_tokens: 3,
  total_tokens: 10,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}

export const ERROR = { error: { message: 'No.', type: 'server_error', param: null, code: 'upstream_failed' } }

/** A chunk of one choice; `fields` replace those of the chunk. */
export const chunk = (delta: object, finish: string | null = null, fields: object = {}) => ({
  ...HEAD,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  ...fields,
})
export const text = (content: string) => chunk({ content })
export const opening = (content: string) => chunk({ role: 'assistant', content })
/** An agent uses a tool of its own. */
export const tool = (name: string, delta: object = {}) => chunk(delta, null, { vivavoce: { tool: name } })
export const usage = (fields: object = {}) => ({ ...HEAD, choices: [], usage: { ...USAGE, ...fields } })

/** The first piece of a call. */
export const call = (index: number, json = '{}', fields: object = {}) => ({
  index,
  id: `call_${index}`,
  type: 'function',
  function: { name: 'get_weather', arguments: json },
  ...fields,
})
/** A later piece of it. */
export const more = (index: number, json: string, fields: object = {}) => ({
  index,
  function: { arguments: json },
  ...fields,
})
export const calling = (...pieces: readonly object[]) => chunk({ tool_calls: pieces })
export const openingCall = (...pieces: readonly object[]) => chunk({ role: 'assistant', tool_calls: pieces })

/** As the bytes of a stream that ends well; strings are frames as they stand. */
export const stream = (...events: readonly (object | string)[]): string => `${frames(...events)}data: [DONE]\n\n`
/** The same without an end. */
export const frames = (...events: readonly (object | string)[]): string =>
  events.map((event) => (typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`)).join('')

export const completion = (message: object = {}, finish = 'stop', fields: object = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'sonnet',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hello.', refusal: null, ...message },
      logprobs: null,
      finish_reason: finish,
    },
  ],
  usage: { ...USAGE, cost_usd: 0.01 },
  ...fields,
})
