import type { StopReason } from '../../core/index.ts'

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** Our word for why an answer ended, in OpenAI's (R33). */
export function toFinishReason(reason: StopReason): FinishReason {
  switch (reason) {
    case 'end':
    case 'stop-text':
      return 'stop'
    case 'length':
      return 'length'
    case 'calls':
      return 'tool_calls'
    case 'refusal':
      return 'content_filter'
  }
}
