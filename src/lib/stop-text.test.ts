import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createStopText } from './stop-text.ts'

const cutAt = (text: string, stops: readonly string[]): string => {
  for (let length = 1; length <= text.length; length++) {
    const ends = stops.filter((stop) => text.slice(0, length).endsWith(stop))
    if (ends.length > 0) return text.slice(0, length - Math.max(...ends.map((stop) => stop.length)))
  }
  return text
}

test('[CC12] text is cut before the first stop text, however it arrives', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'Ж'), maxLength: 40 })
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'Ж'), minLength: 1, maxLength: 4 }), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(letters, stops, fc.integer({ min: 1, max: 5 }), (text, stopTexts, size) => {
      const cutter = createStopText(stopTexts)
      let out = ''
      let stopped = false
      for (let at = 0; at < text.length && !stopped; at += size) {
        const step = cutter.push(text.slice(at, at + size))
        out += step.text
        stopped = step.stopped
      }
      if (!stopped) out += cutter.flush()
      expect(out).toBe(cutAt(text, stopTexts))
    }),
  )
})
