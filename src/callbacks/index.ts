export type { Callback } from './callback-sender.ts'
export type { Delivery } from './delivery.ts'
export { openCallbacks } from './open-callbacks.ts'
