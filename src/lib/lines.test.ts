import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineTooLongError, readLines } from './lines.ts'

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(from, from + size)
    from += size
  }
}

const all = async (lines: AsyncIterable<string>): Promise<string[]> => {
  const out: string[] = []
  for await (const line of lines) out.push(line)
  return out
}

const anyLine = fc.string({ unit: 'grapheme', minLength: 1 }).filter((line) => !line.includes('\n'))

test('lines come out as they went in, wherever the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyLine),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (lines, sizes) => {
        const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))
        expect(await all(readLines(cut(bytes, sizes), { maxBytes: 10_000 }))).toEqual(lines)
      },
    ),
  )
})

test('empty lines are passed over and a last line needs no line feed', async () => {
  const bytes = new TextEncoder().encode('a\n\n\nЖ🙂\nlast')
  expect(await all(readLines(cut(bytes, [1]), { maxBytes: 100 }))).toEqual(['a', 'Ж🙂', 'last'])
})

test('a line over the limit is refused, one at the limit is read', async () => {
  const bytes = new TextEncoder().encode('12345\n')
  expect(await all(readLines(cut(bytes, [2]), { maxBytes: 5 }))).toEqual(['12345'])
  await expect(all(readLines(cut(bytes, [2]), { maxBytes: 4 }))).rejects.toThrow(LineTooLongError)
})
