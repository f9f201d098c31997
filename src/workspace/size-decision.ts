/** Decides when a directory that a run writes to is measured, and whether the run goes on: pure. */

const MIB = 1024 * 1024

/** The pause between two measurements, whatever the last one took. */
export const MEASURE_EVERY_MS = 3000
/** What is kept free of a file system: a twentieth, at most this much. */
const MOST_KEPT_FREE_BYTES = 1024 * MIB

export interface FreeSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** The last measurement, and the free space as it began. */
export interface Measured {
  readonly bytes: number
  readonly freeBytes: number
  readonly endedMs: number
}

export interface Limits {
  readonly maxBytes: number
  readonly everyMs: number
}

export const keptFreeBytes = ({ totalBytes }: Pick<FreeSpace, 'totalBytes'>): number =>
  Math.min(MOST_KEPT_FREE_BYTES, Math.floor(totalBytes / 20))

export const isScarce = (space: FreeSpace): boolean => space.freeBytes < keptFreeBytes(space)

/** A run can fill a disk by files that no walk sees: a file without a name takes space as long as a process has it open. */
const isExhausted = (space: FreeSpace): boolean => space.freeBytes < keptFreeBytes(space) / 2

/** At once if the disk lost more than the run may still write, by any program, or has little left. */
export const isDue = (space: FreeSpace, last: Measured, nowMs: number, { maxBytes, everyMs }: Limits): boolean =>
  nowMs - last.endedMs >= everyMs || last.freeBytes - space.freeBytes > maxBytes - last.bytes || isScarce(space)

/** On a disk with little left a run is stopped that has written since its last measurement; with half of that left, each run. */
export const verdictOf = (
  bytes: number,
  last: Pick<Measured, 'bytes'> | undefined,
  space: FreeSpace,
  { maxBytes }: Pick<Limits, 'maxBytes'>,
): 'within' | 'too-large' | 'disk-full' => {
  if (bytes > maxBytes) return 'too-large'
  if (isExhausted(space)) return 'disk-full'
  return last !== undefined && bytes > last.bytes && isScarce(space) ? 'disk-full' : 'within'
}
