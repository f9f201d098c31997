import { expect, test } from 'vitest'
import { createScriptedEngine, end, forever, text, type Step } from '../../test/support/scripted-engine.ts'
import { collectTurn } from './collect.ts'
import { GatewayError } from './error.ts'

const request = {
  tenant: 't',
  agent: { name: 'a', description: 'd', prompt: 'p', tools: [] },
  model: 'haiku',
  history: [],
  limits: { turnMs: 1000 },
}
const { signal } = new AbortController()
const play = (...steps: readonly Step[]) => createScriptedEngine(() => steps).run(request, { signal })

test('[DO1] a turn is collected to its end, which is given back as it is', async () => {
  const last = end('the answer', { costUsd: 0.5, exitCode: 0, reason: 'length' })
  expect(await collectTurn(play(text('a'), text('b'), last))).toBe(last)
})

test('[DO1] a turn without text is an end like any other', async () => {
  const last = end('')
  expect(await collectTurn(play(last))).toBe(last)
})

test('[ER7] a failure is thrown, whenever it comes', async () => {
  const error = new GatewayError('overloaded', 'Busy.')
  await expect(collectTurn(play(error))).rejects.toBe(error)
  await expect(collectTurn(play({ type: 'turn-failed', error }))).rejects.toBe(error)
  await expect(collectTurn(play(text('a'), { type: 'turn-failed', error }))).rejects.toBe(error)
})

test('[ER3] a turn that stops without an end is never an empty success', async () => {
  await expect(collectTurn(play())).rejects.toThrow('the engine ended a turn without an end')
  await expect(collectTurn(play(text('a')))).rejects.toThrow('the engine ended a turn without an end')
})

test('[CA1] an abort surfaces as its reason, and the run is over', async () => {
  const leaving = new AbortController()
  const engine = createScriptedEngine(() => [text('a'), forever()])
  const collected = collectTurn(engine.run(request, { signal: leaving.signal }))
  const run = await engine.started(0)
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(collected).rejects.toBe(reason)
  await run.ended
})

test('[CA1] a failure that is thrown ends the run', async () => {
  const engine = createScriptedEngine(() => [
    { type: 'turn-failed', error: new GatewayError('timeout', 'Late.') },
    forever(),
  ])
  await expect(collectTurn(engine.run(request, { signal }))).rejects.toThrow('Late.')
  await (
    await engine.started(0)
  ).ended
})

test('[DO2] the tools that a doer uses on the way are not waited for', async () => {
  const last = end('done')
  expect(await collectTurn(play({ type: 'tool-use', name: 'Read', input: {} }, text('done'), last))).toBe(last)
})

test('[FN2] calls on the way are part of the end, not of what is waited for', async () => {
  const last = end('', { reason: 'calls', calls: [{ id: 'c', name: 'f', arguments: '{}' }] })
  const call = [
    { type: 'call-start', id: 'c', name: 'f' },
    { type: 'call-delta', arguments: '{}' },
  ] as const
  expect(await collectTurn(play(...call, last))).toBe(last)
})
