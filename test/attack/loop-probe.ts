/** Loaded into a gateway before it starts: tells its parent how late its event loop was, and how much memory it took. */

const LOOK_EVERY_MS = 5

/** What the probe has seen since it was asked last. */
export interface ProbeReport {
  /** The longest time for which the event loop served nobody. */
  readonly longestMs: number
  readonly residentMb: number
  readonly peakResidentMb: number
}

const MB = 1024 * 1024
let longestMs = 0
let before = performance.now()
let peakResidentMb = 0
let looks = 0

setInterval(() => {
  const now = performance.now()
  longestMs = Math.max(longestMs, now - before - LOOK_EVERY_MS)
  before = now
  // Asking takes a while.
  if (++looks % 10 === 0) peakResidentMb = Math.max(peakResidentMb, process.memoryUsage.rss() / MB)
}, LOOK_EVERY_MS).unref()

process.on('message', () => {
  const residentMb = process.memoryUsage.rss() / MB
  const report: ProbeReport = { longestMs, residentMb, peakResidentMb: Math.max(peakResidentMb, residentMb) }
  longestMs = 0
  peakResidentMb = 0
  process.send?.(report)
})
// Only its parent keeps the channel open.
process.channel?.unref()
