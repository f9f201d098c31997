/**
 * Whether `error` is the abort of `signal` travelling outward, told by identity: the reason itself, or an error whose
 * cause it is (Node's timers wrap it so).
 */
export const isAbortOf = (error: unknown, { aborted, reason }: AbortSignal): boolean =>
  aborted && (error === reason || (error instanceof Error && error.cause === reason))

/** Calls `listener` when the signal aborts, at once if it has; disposing of the answer stops listening. */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) }
}

/** Settles as the promise does, or rejects with the signal's reason when that aborts first; the promise goes on. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const left = Promise.withResolvers<never>()
  using _listening = onAbort(signal, () => left.reject(signal.reason))
  return await Promise.race([promise, left.promise])
}
