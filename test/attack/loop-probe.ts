/** Loaded into a gateway before it starts: tells its parent how long its event loop was busy in one go, and its memory. */

const LOOK_EVERY_MS = 5
const MB = 1024 * 1024

/** What the probe has seen since it was asked last. */
export interface ProbeReport {
  /**
   * The longest work between two turns of the event loop, in time of its thread: what it did, without what the rest of a busy
   * machine took from it.
   */
  readonly busyMs: number
  readonly peakResidentMb: number
}

const workedMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

let busyMs = 0
let before = workedMs()
let peakResidentMb = 0
let looks = 0

setInterval(() => {
  const now = workedMs()
  busyMs = Math.max(busyMs, now - before)
  before = now
  // Asking takes a while.
  if (++looks % 10 === 0) peakResidentMb = Math.max(peakResidentMb, process.memoryUsage.rss() / MB)
}, LOOK_EVERY_MS).unref()

process.on('message', () => {
  const report: ProbeReport = { busyMs, peakResidentMb: Math.max(peakResidentMb, process.memoryUsage.rss() / MB) }
  busyMs = 0
  peakResidentMb = 0
  process.send?.(report)
})
// Only its parent keeps the channel open.
process.channel?.unref()
