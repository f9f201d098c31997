import fc from 'fast-check'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createManualClock } from '../../../test/support/manual-clock.ts'
import { createRecordingObserver } from '../../../test/support/recording-observer.ts'
import { readLines } from '../../lib/index.ts'
import { decodeLine } from '../protocol/index.ts'
import { CliProcess, CliReplacedError } from './cli-process.ts'

const GRACE_MS = 100

/** A child that runs a shell script; what it prints is read line by line. */
async function open(script: string) {
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const child = await CliProcess.start({
    bin: '/bin/sh',
    args: ['-c', script],
    env: { PATH: process.env['PATH'] ?? '' },
    directory: tmpdir(),
    clock,
    observer,
    agent: 'talker',
    model: 'sonnet',
  })
  const lines = child.lines()
  const line = async (): Promise<string | undefined> => {
    const { value } = await lines.next()
    return typeof value === 'string' ? value.trim() : undefined
  }
  return { child, clock, observer, line, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() }
}

/** Whether a promise is still unsettled once what is due has happened. */
const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  let pending = true
  void promise.then(() => (pending = false))
  for (let turn = 0; turn < 5; turn++) await setImmediate()
  return pending
}

/** A child that counts the bytes of its input and is stopped by the system before it reads any of them. */
async function openStopped() {
  const opened = await open('echo ready; exec wc -c')
  await opened.line()
  process.kill(opened.child.pid, 'SIGSTOP')
  const isStopped = async (): Promise<boolean> =>
    /^\d+ \(.*\) T /s.test(await readFile(`/proc/${opened.child.pid}/stat`, 'utf8'))
  while (!(await isStopped())) await setImmediate()
  return opened
}

test('[WP6] an idle child whose input is closed ends as it likes', async () => {
  await using opened = await open('echo ready; cat >/dev/null; echo bye; exit 0')
  const { child, clock, observer, line } = opened
  await line()
  expect(await child.end('idle', { graceMs: GRACE_MS })).toEqual({ cause: 'idle', code: 0, signal: null })
  expect(await line()).toBe('bye')
  expect(observer.of('process-ended')).toMatchObject([{ pid: child.pid, cause: 'idle', code: 0, stoppingMs: 0 }])
  expect(clock.armed).toBe(0)
})

test('[WP6] a child that goes on when its input is closed gets TERM, and one that goes on then is killed', async () => {
  await using opened = await open(
    'trap "echo term" TERM; echo ready; cat >/dev/null; echo closed; while :; do sleep 0.1; done',
  )
  const { child, clock, observer, line } = opened
  await line()
  const ending = child.end('surplus', { graceMs: GRACE_MS })
  expect(await line()).toBe('closed')
  await clock.advance(GRACE_MS - 1)
  expect(clock.armed).toBe(2)
  await clock.advance(1)
  expect(await line()).toBe('term')
  await clock.advance(GRACE_MS - 1)
  expect(await isPending(ending)).toBe(true)
  await clock.advance(1)
  expect(await ending).toEqual({ cause: 'surplus', code: null, signal: 'SIGKILL' })
  expect(observer.of('process-ended')).toMatchObject([{ cause: 'surplus', stoppingMs: 2 * GRACE_MS }])
  expect(clock.armed).toBe(0)
})

test('[WP6] a child that does not read its input ends at TERM', async () => {
  await using opened = await open('echo ready; exec sleep 600')
  const { child, clock, line } = opened
  await line()
  const ending = child.end('age', { graceMs: GRACE_MS })
  await clock.advance(GRACE_MS)
  expect(await ending).toEqual({ cause: 'age', code: null, signal: 'SIGTERM' })
  expect(clock.armed).toBe(0)
})

test('[WP6] the first cause is kept: a child that is being ended and then stopped is killed at once', async () => {
  await using opened = await open('trap "" TERM; echo ready; while :; do sleep 60; done')
  const { child, clock, line } = opened
  await line()
  const ending = child.end('memory', { graceMs: GRACE_MS })
  const again = child.end('idle', { graceMs: GRACE_MS })
  const stopping = child.stop('shutdown')
  const exit = { cause: 'memory', code: null, signal: 'SIGKILL' }
  expect(await Promise.all([ending, again, stopping])).toEqual([exit, exit, exit])
  expect(clock.armed).toBe(0)
})

test('[WP6] a child that was stopped, or ended by itself, is not asked to end', async () => {
  await using stopped = await open('exec sleep 600')
  const stopping = stopped.child.stop('doubt')
  expect(await stopped.child.end('idle', { graceMs: GRACE_MS })).toMatchObject({ cause: 'doubt', signal: 'SIGKILL' })
  await stopping
  await using gone = await open('exit 3')
  await gone.child.exit
  expect(gone.child.exited).toBe(true)
  expect(await gone.child.end('idle', { graceMs: GRACE_MS })).toEqual({ cause: 'exited', code: 3, signal: null })
  expect(stopped.clock.armed + gone.clock.armed).toBe(0)
})

test('[CL9] what is written waits for a child that does not read, and arrives whole', async () => {
  await using opened = await openStopped()
  const { child, line } = opened
  const writes = [child.write('x'.repeat(3_000_000)), child.write('y'.repeat(1_000_000))]
  const writing = Promise.all(writes)
  expect(await isPending(writing)).toBe(true)
  process.kill(child.pid, 'SIGCONT')
  await writing
  child.endInput()
  expect(await line()).toBe('4000000')
})

test('what is written to a child that ends meanwhile is given up with it', async () => {
  await using opened = await openStopped()
  const { child } = opened
  const writing = child.write('x'.repeat(3_000_000))
  expect(await isPending(writing)).toBe(true)
  await child.stop('cancelled')
  await writing
})

test('what is written to a child that is gone, or whose input is closed, is lost without harm', async () => {
  await using gone = await open('exit 0')
  await gone.child.exit
  await gone.child.write('x'.repeat(1_000_000))
  await using closed = await open('cat')
  closed.child.endInput()
  await closed.child.write('never')
  expect(await closed.line()).toBeUndefined()
  expect(await closed.child.exit).toMatchObject({ cause: 'exited', code: 0 })
})

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let from = 0, index = 0; from < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(from, from + size)
    from += size
  }
}

const anyLine = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) =>
    JSON.stringify({
      type: 'stream_event',
      event: { type: 'content_block_delta', delta: { type: 'text_delta', text } },
    }),
  ),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify({ type: 'result', subtype: 'success', result: text })),
  fc.constantFrom('not JSON', '{"type":"stream_event"', '[]', '{"type":"news 🙂"}'),
)

test('[CL8] the messages of a stream are the same however its bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyLine, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom('\n', '\r\n'),
      async (lines, sizes, ending) => {
        const bytes = new TextEncoder().encode(lines.map((line) => line + ending).join(''))
        const messages: unknown[] = []
        for await (const line of readLines(cut(bytes, sizes), { maxBytes: 100_000 })) messages.push(decodeLine(line))
        expect(messages).toEqual(lines.map(decodeLine))
      },
    ),
    { seed: 51, numRuns: 500 },
  )
})

test('[SU11] a process is not started from a file that is not confirmed, and ended where it was exchanged just then', async () => {
  const observer = createRecordingObserver()
  const start = (confirm: () => void): Promise<CliProcess> =>
    CliProcess.start({
      bin: '/bin/sh',
      args: ['-c', 'sleep 600'],
      confirm,
      env: { PATH: process.env['PATH'] ?? '' },
      directory: tmpdir(),
      clock: createManualClock(),
      observer,
      agent: 'talker',
      model: 'sonnet',
    })
  const replaced = (): void => {
    throw new CliReplacedError('it was replaced')
  }
  await expect(start(replaced)).rejects.toThrow(CliReplacedError)
  expect(observer.of('process-started')).toEqual([])
  let looks = 0
  await expect(start(() => (++looks === 2 ? replaced() : undefined))).rejects.toThrow(CliReplacedError)
  expect(observer.of('process-ended')).toMatchObject([{ cause: 'replaced', signal: 'SIGKILL' }])
})
