import { errorKind, type GatewayError } from '../../core/index.ts'

/** OpenAI's error envelope, the same in a body and in a stream's error frame (R57, R63). */
export const encodeOpenAiError = (error: GatewayError) => ({
  error: { message: error.message, type: errorKind(error.code).type, param: error.param ?? null, code: error.code },
})
