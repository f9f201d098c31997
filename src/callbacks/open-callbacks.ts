/** Callbacks as the settings have them: signed and sent, or refused. */
import { callbackProblem } from './callback-problem.ts'
import { createCallbackSender, type CallbackSender } from './callback-sender.ts'
import type { Clock } from '../core/index.ts'

export interface Callbacks {
  /** Why a job may not ask for this one, in words. */
  readonly problem: (url: string) => string | undefined
  readonly sending: { readonly sender?: CallbackSender }
}

export function openCallbacks(
  secret: string | undefined,
  options: { readonly version: string; readonly privateHosts: readonly string[]; readonly clock: Clock },
): Callbacks {
  if (secret === undefined)
    return { problem: () => 'this server sends no callbacks (VIVAVOCE_CALLBACK_SECRET is not set)', sending: {} }
  return {
    problem: (url) => callbackProblem(url, options),
    sending: { sender: createCallbackSender({ secret, ...options }) },
  }
}
