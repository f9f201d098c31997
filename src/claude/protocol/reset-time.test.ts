import fc from 'fast-check'
import { expect, test } from 'vitest'
import { secondsUntilReset } from './reset-time.ts'

const at = (iso: string): number => Date.parse(iso)
const NOW = at('2026-11-29T14:20:10Z')
const seconds = (iso: string): number => (at(iso) - NOW) / 1000

test.each([
  ['Claude AI usage limit reached|1795964400', '2026-11-29T15:00:00Z'],
  ["You've hit your session limit · resets 3:36pm (UTC)", '2026-11-29T15:36:00Z'],
  ["You've hit your session limit · resets 3pm (UTC)", '2026-11-29T15:00:00Z'],
  ["You've hit your session limit · resets 2:20pm (UTC)", NOW],
  ["You've hit your session limit · resets 2:19pm (UTC)", '2026-11-30T14:19:00Z'],
  ["You've hit your session limit · resets 12am (UTC)", '2026-11-30T00:00:00Z'],
  ["You've hit your session limit · resets 12:05pm (UTC)", '2026-11-30T12:05:00Z'],
  ["You've hit your session limit · resets 1am (Europe/Sofia)", '2026-11-29T23:00:00Z'],
  ["You've hit your session limit · resets 9:30am (Asia/Kolkata)", '2026-11-30T04:00:00Z'],
  ["You've hit your session limit · resets 9:30\u202fAM (America/New_York)", '2026-11-29T14:30:00Z'],
  ["You've hit your weekly limit · resets Dec 3, 3pm (Europe/Sofia)", '2026-12-03T13:00:00Z'],
  ["You've hit your weekly limit · resets Dec 3 at 3:07pm (UTC)", '2026-12-03T15:07:00Z'],
  ["You've hit your Opus limit · resets Jan 2, 2027, 12am (UTC)", '2027-01-02T00:00:00Z'],
  [
    "You've hit your org's monthly spend limit · resets Dec 1, 12am (UTC) · your session limit resets 5pm (UTC)",
    '2026-12-01T00:00:00Z',
  ],
])('[ER18] %s', (text, iso) => {
  expect(secondsUntilReset(text, NOW)).toBe(Math.max(1, typeof iso === 'number' ? 0 : seconds(iso)))
})

test.each([
  '',
  "You've hit your session limit",
  "You've hit your session limit · resets soon",
  "You've hit your session limit · resets 3pm",
  "You've hit your session limit · resets 15:36 (UTC)",
  "You've hit your session limit · resets 13pm (UTC)",
  "You've hit your session limit · resets 0:10am (UTC)",
  "You've hit your session limit · resets 3:61pm (UTC)",
  "You've hit your session limit · resets 3pm (Middle/Earth)",
  "You've hit your session limit · resets 3pm ()",
  "You've hit your weekly limit · resets Foo 3, 3pm (UTC)",
  "You've hit your weekly limit · resets Feb 30, 2027, 3pm (UTC)",
  "You've hit your weekly limit · resets Nov 3, 3pm (UTC)",
  'limit reached|12345',
])('[ER18] %j says no time that is known', (text) => {
  expect(secondsUntilReset(text, NOW)).toBeUndefined()
})

/** As 2.1.330 writes it. */
function written(resetMs: number, nowMs: number, timeZone: string): string {
  const date = new Date(resetMs)
  const part = (ms: number, name: 'minute' | 'year'): number =>
    Number(new Intl.DateTimeFormat('en-US', { timeZone, [name]: 'numeric' }).format(ms))
  const minute = part(resetMs, 'minute') === 0 ? {} : ({ minute: '2-digit' } as const)
  const time = { hour: 'numeric', hour12: true, timeZone, ...minute } as const
  const lower = (text: string): string => text.replace(/[ \u202f]([AP]M)/i, (_, half: string) => half.toLowerCase())
  if (resetMs - nowMs <= 24 * 3_600_000) return `${lower(date.toLocaleTimeString('en-US', time))} (${timeZone})`
  const year = part(resetMs, 'year') === part(nowMs, 'year') ? {} : ({ year: 'numeric' } as const)
  return `${lower(date.toLocaleString('en-US', { month: 'short', day: 'numeric', ...time, ...year }))} (${timeZone})`
}

test('[ER18] whatever the zone and the time, what the CLI writes is read to the minute', () => {
  const zone = fc.constantFrom(
    'UTC',
    'Europe/Sofia',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Pacific/Apia',
  )
  fc.assert(
    fc.property(
      zone,
      fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2029-01-01T00:00:00Z') }),
      fc.oneof(
        fc.integer({ min: 1000, max: 86_400_000 - 61_000 }),
        fc.integer({ min: 86_400_001, max: 40 * 86_400_000 }),
      ),
      (timeZone, nowMs, aheadMs) => {
        const resetMs = nowMs + aheadMs
        const text = written(resetMs, nowMs, timeZone)
        const after = secondsUntilReset(`You've hit your session limit · resets ${text}`, nowMs)
        const readMs = nowMs + (after ?? NaN) * 1000
        // The seconds are cut off. Where the clock is put back an hour is shown twice; the first of them is taken.
        const earlyMs = resetMs - readMs
        const expected = [0, 30, 60].some((minutes) => Math.abs(earlyMs - minutes * 60_000 - 29_500) <= 31_000)
        expect([text, earlyMs, expected]).toEqual([text, earlyMs, true])
      },
    ),
    { numRuns: 500 },
  )
})

test('[ER18] whatever the text, the wait is whole seconds of at least one, or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `resets ${text} (UTC)`),
      ),
      (text) => {
        const after = secondsUntilReset(text, NOW)
        expect(after === undefined || (Number.isInteger(after) && after >= 1)).toBe(true)
      },
    ),
  )
})
