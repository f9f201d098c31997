import { expect, test } from 'vitest'
import { afterSilence, contentOf, dataOf, failed, busy, openApp, readChunks } from '../../test/support/open-app.ts'
import { end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { readStream } from '../../test/support/stream.ts'

const DOER = { model: 'recruiter-triage/sonnet' }
const use = (name: string, input: Readonly<Record<string, unknown>> = {}): Step => ({ type: 'tool-use', name, input })
const gate = () => Promise.withResolvers<void>()

test('[DO8] a tool that is used is a chunk without text where it stands', async () => {
  const { stream } = openApp(() => [
    use('Grep', { pattern: 'SECRET-INPUT' }),
    text('Виж'),
    use('Read', { file_path: 'SECRET-INPUT' }),
    use('mcp__docs__look.up-1'),
    text('\n\nготово'),
    end('готово'),
  ])
  const reply = await stream(DOER)
  expect(await reply.clone().text()).not.toContain('SECRET-INPUT')
  const { chunks, text: said, finish } = await readStream(reply)
  expect([said, finish]).toEqual(['Виж\n\nготово', ['stop']])
  expect(chunks.map(({ choices, vivavoce }) => [choices[0]?.delta, vivavoce])).toEqual([
    [{ role: 'assistant', content: '' }, { tool: 'Grep' }],
    [{ content: 'Виж' }, undefined],
    [{}, { tool: 'Read' }],
    [{}, { tool: 'mcp__docs__look.up-1' }],
    [{ content: '\n\nготово' }, undefined],
    [{}, undefined],
  ])
})

test.each([
  ['line breaks', 'Read\n\ndata: {"a":1}\r\n\r\n', 'Read__data____a__1_____'],
  ['other letters', 'Прочети🙂', '_________'],
  ['nothing', '', ''],
  ['great length', 'a'.repeat(1_000_000), 'a'.repeat(128)],
])('[DO8] a tool’s name of %s stays one plain word', async (_, name, shown) => {
  const { stream } = openApp(() => [use(name), ...says('a')])
  const { chunks } = await readStream(await stream(DOER))
  expect(chunks.map(({ vivavoce }) => vivavoce)).toEqual([{ tool: shown }, undefined, undefined])
})

test('[DO8] [ST2] a tool that is used before anything is said lets the headers leave', async () => {
  const working = gate()
  const { stream, clock } = openApp(() => [use('Bash'), working.promise, ...says('done')])
  // The hold would last for ever on this clock.
  const { next, rest } = readChunks(await stream(DOER))
  expect(dataOf(await next())).toMatchObject({ vivavoce: { tool: 'Bash' } })
  working.resolve()
  expect(await rest()).toHaveLength(2)
  expect(clock.armed).toBe(0)
})

test('[DO8] [ST3] [R28] the silence of a tool that works for long is filled, counted from its use', async () => {
  const working = gate()
  const { stream, clock } = openApp(() => [text('one'), use('Bash'), working.promise, text('\n\ntwo'), end('two')])
  const { next } = readChunks(await stream(DOER))
  expect(contentOf(await next())).toBe('one')
  expect(dataOf(await next())).toMatchObject({ vivavoce: { tool: 'Bash' } })
  for (let silence = 0; silence < 18; silence++) {
    let chunk: string | undefined
    const reading = next().then((read) => (chunk = read))
    await clock.untilArmed(10_000)
    await clock.advance(9999)
    expect(chunk).toBeUndefined()
    await clock.advance(1)
    await reading
    expect(chunk).toBe(silence === 0 ? 'data: ' : ' ')
  }
  const after = next()
  await clock.untilArmed(10_000)
  await clock.advance(5000)
  working.resolve()
  expect(contentOf(afterSilence(await after))).toBe('\n\ntwo')
  expect(await next()).toContain('[DONE]')
  expect(clock.armed).toBe(0)
})

test('[DO8] [ER3] [R63] a failure after a tool was used is an error frame, though nothing was said', async () => {
  const { stream, observer } = openApp(() => [use('Bash'), failed(busy)])
  const reply = await stream(DOER)
  expect(reply.status).toBe(200)
  const chunks = await readChunks(reply).rest()
  expect(chunks.map(dataOf)).toEqual([
    expect.objectContaining({ vivavoce: { tool: 'Bash' } }),
    { error: expect.objectContaining({ code: 'overloaded' }) },
  ])
  expect(observer.of('request-failed')).toHaveLength(1)
})

test('[CA1] [R50] a caller who leaves while a tool works has the run stopped', async () => {
  const { stream, engine, admission, observer, background } = openApp(() => [use('Bash'), forever()])
  const leaving = new AbortController()
  const { next } = readChunks(await stream(DOER, { signal: leaving.signal }))
  await next()
  const last = next()
  leaving.abort(new Error('gone'))
  expect(await last).toBeUndefined()
  await (
    await engine.started(0)
  ).ended
  await background.close()
  expect([admission.active, observer.of('request-failed')]).toEqual([0, []])
})

test('[DO2] an answer that is not streamed is told of no tool', async () => {
  const { chat } = openApp(() => [text('one'), use('Read'), text('\n\ntwo'), end('two')])
  const whole = await (await chat(DOER)).text()
  expect(JSON.parse(whole)).toMatchObject({ choices: [{ message: { content: 'two' } }] })
  expect(whole).not.toContain('Read')
})
