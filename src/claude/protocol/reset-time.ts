/**
 * When the CLI says that a plan's limit ends. Pure. The forms, of 2.1.197 to 2.1.330: `…limit reached|1735689600`, seconds
 * since the epoch; `You've hit your session limit · resets 3:36pm (UTC)`, within 24 hours; `… · resets Dec 3, 3pm
 * (Europe/Sofia)`, later; `… · resets Jan 2, 2027, 3pm (UTC)`, in another year. Minutes that are zero are left out.
 */
const EPOCH = /\|(\d{10})\b/
const WORDED =
  /\bresets (?:([A-Z][a-z]{2}) (\d{1,2})(?:, (\d{4}))?(?:,| at) )?(\d{1,2})(?::(\d{2}))?\s?([ap]m) \(([^()]+)\)/i

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** The clock of a time zone at an instant, as if it were UTC's; `undefined` for a zone that does not exist. */
function clockOf(zone: string): ((instantMs: number) => number) | undefined {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
  return (instantMs) => {
    const parts = new Map(format.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  }
}

/** The instants at which a zone's clock shows a time: one, two where the clock is put back, none where it is put forward. */
function instantsOf(shownMs: number, clock: (instantMs: number) => number): readonly number[] {
  const offsets = new Set([-DAY_MS, DAY_MS].map((aside) => clock(shownMs + aside) - (shownMs + aside)))
  return [...offsets]
    .map((offset) => shownMs - offset)
    .filter((instantMs) => clock(instantMs) === shownMs)
    .toSorted((a, b) => a - b)
}

/** What the clock is to show, for the days that are meant: that of the text, else today and tomorrow. */
function shownTimes(match: RegExpExecArray, todayMs: number): readonly number[] {
  const [, monthName, dayText, yearText, hourText, minuteText = '0', half] = match
  const hour = Number(hourText)
  const minute = Number(minuteText)
  if (hour < 1 || hour > 12 || minute > 59) return []
  const timeMs = (((hour % 12) + (half?.toLowerCase() === 'pm' ? 12 : 0)) * 60 + minute) * MINUTE_MS
  if (monthName === undefined) return [0, DAY_MS].map((later) => Math.floor(todayMs / DAY_MS) * DAY_MS + later + timeMs)
  const month = MONTHS.indexOf(monthName.toLowerCase())
  const day = Number(dayText)
  const dateMs = Date.UTC(Number(yearText ?? new Date(todayMs).getUTCFullYear()), month, day)
  return month < 0 || new Date(dateMs).getUTCDate() !== day ? [] : [dateMs + timeMs]
}

function resetMs(text: string, nowMs: number): number | undefined {
  const epoch = EPOCH.exec(text)?.[1]
  if (epoch !== undefined) return Number(epoch) * 1000
  const match = WORDED.exec(text)
  const clock = clockOf(match?.[7] ?? '')
  if (match === null || clock === undefined) return undefined
  // The seconds are cut off, so the minute that is shown may have begun.
  return shownTimes(match, clock(nowMs))
    .flatMap((shownMs) => instantsOf(shownMs, clock))
    .find((instantMs) => instantMs > nowMs - MINUTE_MS)
}

/** How long until the limit ends, at least a second; `undefined` where the text does not say so in a known form. */
export function secondsUntilReset(text: string, nowMs: number): number | undefined {
  const instantMs = resetMs(text, nowMs)
  return instantMs === undefined ? undefined : Math.max(1, Math.ceil((instantMs - nowMs) / 1000))
}
