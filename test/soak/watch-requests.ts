import type { RehearsedRequest, Rehearsal } from '../../src/rehearsal/index.ts'

/**
 * Shows every request to the model API once, as it comes and before it is answered, until the signal aborts. The
 * rehearsal asks whoever waits for a request about each; this one waits for none of them.
 */
export function watchRequests(
  rehearsal: Rehearsal,
  {
    seen,
    failed,
    signal,
  }: {
    readonly seen: (request: RehearsedRequest) => void
    readonly failed: (error: unknown) => void
    readonly signal: AbortSignal
  },
): void {
  let latest = 0
  const look = (request: RehearsedRequest): boolean => {
    if (request.number <= latest) return false
    latest = request.number
    seen(request)
    return false
  }
  rehearsal.waitFor(look, { signal }).catch((error: unknown) => {
    if (!signal.aborted) failed(error)
  })
}
