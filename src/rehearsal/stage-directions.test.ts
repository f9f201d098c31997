import { expect, test } from 'vitest'
import type { ReadDirections } from './stage-directions.ts'
import { readDirections } from './stage-directions.ts'

function read(prompt: string): Extract<ReadDirections, { ok: true }> {
  const directions = readDirections(prompt)
  if (!directions.ok) throw new Error(directions.problem)
  return directions
}
const problem = (prompt: string): string | undefined => {
  const directions = readDirections(prompt)
  return directions.ok ? undefined : directions.problem
}

test('a prompt without tags has no directions', () => {
  const { text, script } = read('hello')
  expect(text).toBe('hello')
  expect(script.calls).toEqual([])
  expect(script.round(0)).toEqual({ countsInRound: false, thinks: false, isEmpty: false })
})

test('every key has its meaning', () => {
  const { script } = read('x [rehearse slow=5 first=6 bytes=7 stop=refusal usage=10,20 thinking=1 empty=1]')
  expect(script.round(3)).toEqual({
    paceMs: 5,
    firstMs: 6,
    chunkBytes: 7,
    stopReason: 'refusal',
    usage: { inputTokens: 10, outputTokens: 20 },
    countsInRound: false,
    thinks: true,
    isEmpty: true,
  })
})

test.each([
  [
    'status=529 retry-after=7 message="try later"',
    { kind: 'status', status: 529, message: 'try later', retryAfter: '7' },
  ],
  ['hang=1', { kind: 'hang' }],
  ['drop=0', { kind: 'drop', afterPieces: 0 }],
  ['stall=2', { kind: 'stall', afterPieces: 2 }],
  ['error=3 message=no', { kind: 'error', afterPieces: 3, message: 'no' }],
  ['error=3 as=429', { kind: 'error', afterPieces: 3, status: 429 }],
  ['garbage=4', { kind: 'garbage', afterPieces: 4 }],
  ['end=5', { kind: 'end', afterPieces: 5 }],
])('a mishap is directed by %s', (keys, mishap) => {
  expect(read(`x [rehearse ${keys} fail-times=2]`).script.round(0)).toMatchObject({ mishap, failTimes: 2 })
})

test('a tag with round=K holds in that round only, and its mishap goes before the general one', () => {
  const { script } = read('x\n[rehearse slow=9 status=500]\n[rehearse round=1 stall=0 slow=3]')
  expect(script.round(0)).toMatchObject({ mishap: { kind: 'status' }, paceMs: 9 })
  expect(script.round(1)).toMatchObject({ mishap: { kind: 'stall' }, paceMs: 3, countsInRound: true })
  expect(script.round(2)).toMatchObject({ mishap: { kind: 'status' }, paceMs: 9 })
})

test('calls of one round stand together; each then-call has a round of its own', () => {
  const { script, text } = read(
    'x [rehearse call=A input={"a":1} call=B then-call=C input={"c":1}]\n[rehearse then-call=D]\n{"d": 1}\n[rehearse round=1 call=E]',
  )
  expect(text).toBe('x')
  expect(script.calls).toEqual([
    [{ name: 'A', input: '{"a":1}' }, { name: 'B' }],
    [{ name: 'C', input: '{"c":1}' }, { name: 'E' }],
    [{ name: 'D', input: '{"d": 1}' }],
  ])
  expect(read('[rehearse then-call=A]').script.calls).toEqual([[], [{ name: 'A' }]])
})

test.each([
  ['statsu=500', 'Unknown stage direction: statsu'],
  ['status=200', 'status must be between 400 and 599'],
  ['slow=fast', 'slow is not a whole number'],
  ['bytes=0', 'bytes must be at least 1'],
  ['usage=1', 'usage is not of the form IN,OUT'],
  ['hang=2', 'hang can only be 1'],
  ['drop=1 stall=2', 'Only one of these stage directions can be had: drop, stall'],
  ['input={}', 'input has no call before it'],
  ['call=a input={} input={}', 'input has no call before it'],
  ['call=a input={a}', 'input is not a JSON object: {a}'],
  ['call=a input="[]"', 'input is not a JSON object: []'],
])('a direction that cannot be followed is named: %s', (keys, told) => {
  expect(problem(`x [rehearse ${keys}]`)).toContain(told)
})

test('mishaps of two tags exclude each other as those of one do', () => {
  expect(problem('x [rehearse drop=1]\n[rehearse end=1]')).toContain('drop, end')
})
