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

test('[LM3] a long stop sequence and a response of its beginning take time in proportion to their length', () => {
  const steps = (size: number): number => {
    const stop = `${'a'.repeat(size)}b`
    const cutter = createStopText([stop, `${'a'.repeat(size - 1)}c`])
    const started = process.cpuUsage().user
    for (let at = 0; at < 400; at++) cutter.push('a'.repeat(size / 20))
    return process.cpuUsage().user - started
  }
  // Quadratic work would take minutes.
  expect(steps(20_000)).toBeLessThan(5_000_000)
})

test('[CC12] after a flush the text begins again', () => {
  const cutter = createStopText(['END'])
  expect(cutter.push('EN')).toEqual({ text: '', stopped: false })
  expect(cutter.flush()).toBe('EN')
  expect(cutter.push('D!')).toEqual({ text: 'D!', stopped: false })
})
