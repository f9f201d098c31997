export { callbackProblem } from './callback-problem.ts'
export { createCallbackSender, type Callback, type CallbackSender } from './callback-sender.ts'
export type { Delivery } from './delivery.ts'
