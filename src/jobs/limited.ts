import { GatewayError, type Clock } from '../core/index.ts'

/** Does something within `ms`. @throws `late` when it takes longer; the signal's reason when that aborts. */
export async function limited<T>(
  work: (signal: AbortSignal) => Promise<T>,
  {
    ms,
    late,
    clock,
    signal,
  }: { readonly ms: number; readonly late: GatewayError; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  const over = new AbortController()
  using _timer = clock.after(ms, () => over.abort(late))
  try {
    return await work(AbortSignal.any([signal, over.signal]))
  } catch (error) {
    signal.throwIfAborted()
    over.signal.throwIfAborted()
    throw error
  }
}
