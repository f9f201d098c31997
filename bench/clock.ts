/** Milliseconds since 1970 in the resolution of the monotonic clock: what the rehearsal's times are in, too. */
export const nowMs = (): number => performance.timeOrigin + performance.now()
