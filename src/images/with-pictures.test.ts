import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { PNG, pngPicture, startPictureServer } from '../../test/support/picture-server.ts'
import { pdf } from '../../test/support/pdf.ts'
import { createScriptedEngine, forever, says } from '../../test/support/scripted-engine.ts'
import { admitted, createAdmission } from '../access/index.ts'
import { collectTurn, type Message, type Part, type Picture, type TurnEngine, type TurnRequest } from '../core/index.ts'
import { onAbort } from '../lib/index.ts'
import { OutboundError } from '../outbound/index.ts'
import { createPictureFetcher, type PictureFetcher } from './picture-fetcher.ts'
import { carriedReader } from '../../test/support/carried-reader.ts'
import { withPictures } from './with-pictures.ts'

const never = new AbortController().signal
const webp: Picture = { mediaType: 'image/webp', base64: 'V0VCUA==' }
const DATA_URL = `data:image/png;base64,${PNG.toString('base64')}`

const requestOf = (...history: readonly Message[]): TurnRequest => ({
  tenant: 'default',
  agent: { name: 'a', description: 'd', prompt: 'p', tools: [] },
  model: 'haiku',
  history,
  limits: { turnMs: 1000 },
  conversation: 'c',
})
const linked = (url: string, place = 'messages[0].content[0].image_url.url'): Part => ({
  type: 'linked-picture',
  url,
  place,
})
const said = (...parts: readonly Part[]): Message => ({ role: 'user', text: 'Ето', parts })
const aText: Part = { type: 'text', text: 'Ето' }

/** A fetcher that gives what `answer` does, and keeps what it was asked. */
function openFetcher(answer: (url: string, signal: AbortSignal) => Picture | Promise<Picture> = () => webp) {
  const asked: { readonly url: string; readonly scope: string; readonly signal: AbortSignal }[] = []
  const fetcher: PictureFetcher = {
    async fetch(url, { scope, signal }) {
      asked.push({ url, scope, signal })
      return await answer(url, signal)
    },
  }
  return { fetcher, asked }
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    onAbort(signal, () => reject(signal.reason as Error))
  })

const run = (engine: TurnEngine, request: TurnRequest, signal = never): Promise<unknown> =>
  collectTurn(engine.run(request, { signal }))

test('[IM1] [IM2] the engine is sent pictures in the place of their addresses, and all else as it was', async () => {
  const { fetcher, asked } = openFetcher()
  const engine = createScriptedEngine(() => says('a'))
  const tool: Message = { role: 'tool', callId: 'c', text: '', parts: [linked('https://b/')] }
  const others: readonly Message[] = [
    { role: 'system', text: 's' },
    { role: 'assistant', text: 'a', calls: [{ id: 'c', name: 'f', arguments: '{}' }] },
    { role: 'user', text: 'без картина' },
  ]
  const kept: Part = { type: 'picture', picture: webp }
  const request = requestOf(...others, said(linked(DATA_URL), aText, linked('https://a/'), kept), tool)
  expect(await run(withPictures(engine, fetcher, carriedReader), request)).toMatchObject({ answer: 'a' })
  expect(engine.runs[0]?.request).toEqual({
    ...request,
    history: [
      ...others,
      said(
        { type: 'picture', picture: pngPicture as Picture },
        aText,
        { type: 'picture', picture: webp },
        { type: 'picture', picture: webp },
      ),
      { ...tool, parts: [{ type: 'picture', picture: webp }] },
    ],
  })
  expect(asked.map(({ url, scope }) => [url, scope])).toEqual([
    ['https://a/', 'default'],
    ['https://b/', 'default'],
  ])
})

test('[IM1] a picture that the request holds is not fetched, however its scheme is spelt', async () => {
  const { fetcher, asked } = openFetcher()
  const engine = createScriptedEngine(() => says('a'))
  await run(withPictures(engine, fetcher, carriedReader), requestOf(said(linked(DATA_URL.replace('data:', 'DaTa:')))))
  expect(engine.runs[0]?.request.history).toEqual([said({ type: 'picture', picture: pngPicture as Picture })])
  expect(asked).toEqual([])
})

test.each([
  ['data:image/png;base64,SGVsbG8=', 'the data is no PNG, JPEG, GIF or WebP image'],
  ['data:image/png;base64,%%%', 'its base64 is broken'],
  ['data:image/png;base64,', 'the data is empty'],
  ['data:image/svg+xml,<svg/>', 'the data is no PNG, JPEG, GIF or WebP image'],
  ['data:', 'it is no data URL'],
])('[IM1] [R60] what is no picture is refused by its place, and nothing is run: %s', async (url, problem) => {
  const { fetcher } = openFetcher()
  const engine = createScriptedEngine(() => says('a'))
  const place = 'messages[2].content[1].image_url'
  await expect(
    run(withPictures(engine, fetcher, carriedReader), requestOf(said(aText, linked(url, place)))),
  ).rejects.toMatchObject({
    code: 'invalid_request',
    message: `\`${place}\`: ${problem}.`,
    param: place,
  })
  expect(engine.runs).toEqual([])
})

test.each([
  [false, 'invalid_request'],
  [true, 'picture_unavailable'],
])('[IM2] [R60] [R61] a picture that cannot be had (later: %j) is %s, by its place', async (retryable, code) => {
  const failure = new OutboundError('the server answered with status 418', { retryable })
  const { fetcher } = openFetcher((url) => (url === 'https://b/' ? Promise.reject(failure) : webp))
  const engine = createScriptedEngine(() => says('a'))
  const place = 'messages[1].content[0].image_url.url'
  await expect(
    run(
      withPictures(engine, fetcher, carriedReader),
      requestOf(said(linked('https://a/')), said(linked('https://b/', place))),
    ),
  ).rejects.toMatchObject({
    code,
    message: `\`${place}\`: the picture could not be fetched: the server answered with status 418.`,
    param: place,
    cause: failure,
  })
  expect(engine.runs).toEqual([])
})

test('[IM2] what else a refused request names is fetched no further', async () => {
  const { fetcher, asked } = openFetcher((url, signal) =>
    url === 'https://b/' ? Promise.reject(new OutboundError('it is gone')) : untilAborted(signal),
  )
  const engine = createScriptedEngine(() => says('a'))
  await expect(
    run(withPictures(engine, fetcher, carriedReader), requestOf(said(linked('https://a/'), linked('https://b/')))),
  ).rejects.toMatchObject({ code: 'invalid_request' })
  expect(asked.map(({ url, signal }) => [url, signal.aborted])).toContainEqual(['https://a/', true])
})

test('[IM2] a defect of the fetcher is no picture that cannot be had', async () => {
  const defect = new TypeError('defect')
  const { fetcher } = openFetcher(() => Promise.reject(defect))
  const engine = createScriptedEngine(() => says('a'))
  await expect(run(withPictures(engine, fetcher, carriedReader), requestOf(said(linked('https://a/'))))).rejects.toBe(
    defect,
  )
})

test('[LM9] an image that is there only after its request was refused holds no bytes', async () => {
  const large: Picture = { mediaType: 'image/png', base64: 'A'.repeat(16_000_000) }
  const late = Promise.withResolvers<Picture>()
  const { fetcher } = openFetcher((url) => (url === 'https://late/' ? late.promise : large))
  const engine = withPictures(
    createScriptedEngine(() => says('a')),
    fetcher,
    carriedReader,
  )
  const refused = requestOf(said(linked('https://late/'), linked('data:image/png;base64,AAAA')))
  for (let count = 0; count < 9; count++)
    expect(await run(engine, refused).catch((error: unknown) => error)).toMatchObject({ code: 'invalid_request' })
  late.resolve(large)
  await late.promise
  expect(await run(engine, requestOf(said(linked('https://a/'))))).toMatchObject({ answer: 'a' })
})

test('[CA1] [IM2] a caller who leaves ends the fetching, with the reason as it is, and nothing is run', async () => {
  const { fetcher, asked } = openFetcher((_, signal) => untilAborted(signal))
  const engine = createScriptedEngine(() => says('a'))
  const leaving = new AbortController()
  const turn = run(withPictures(engine, fetcher, carriedReader), requestOf(said(linked('https://a/'))), leaving.signal)
  await expect.poll(() => asked.length).toBe(1)
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(turn).rejects.toBe(reason)
  expect([asked[0]?.signal.aborted, engine.runs.length]).toEqual([true, 0])
})

test('[CA1] the engine follows the same signal once the pictures are there', async () => {
  const { fetcher } = openFetcher()
  const engine = createScriptedEngine(() => [forever()])
  const leaving = new AbortController()
  const turn = run(withPictures(engine, fetcher, carriedReader), requestOf(said(linked('https://a/'))), leaving.signal)
  const begun = await engine.started(0)
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(turn).rejects.toBe(reason)
  await begun.ended
})

test('[IM2] pictures are fetched before the turn takes a place', async () => {
  const gate = Promise.withResolvers<Picture>()
  const { fetcher, asked } = openFetcher(() => gate.promise)
  const engine = createScriptedEngine(() => says('a'))
  const clock = createManualClock()
  const admission = createAdmission({ capacity: 1, background: 1, maxWaiting: 0, keepsOne: false, clock })
  const turn = run(
    withPictures(admitted(engine, { admission, clock }), fetcher, carriedReader),
    requestOf(said(linked('https://a/'))),
  )
  await expect.poll(() => asked.length).toBe(1)
  expect([admission.active, admission.queued]).toEqual([0, 0])
  gate.resolve(webp)
  expect(await turn).toMatchObject({ answer: 'a' })
})

test('[IM4] what was fetched for one tenant is asked for anew for another', async () => {
  await using server = await startPictureServer()
  const fetcher = createPictureFetcher({ clock: createManualClock(), privateHosts: [server.host] })
  const engine = createScriptedEngine(() => says('a'))
  const request = requestOf(said(linked(server.urlOf('/a.png'))))
  const pictured = withPictures(engine, fetcher, carriedReader)
  for (const tenant of ['default', 'default', 'other']) await run(pictured, { ...request, tenant })
  expect(server.requests).toHaveLength(2)
  expect(engine.runs.map(({ request: { history } }) => history)).toEqual(
    Array.from({ length: 3 }, () => [said({ type: 'picture', picture: pngPicture as Picture })]),
  )
})

test.each([
  [404, 'invalid_request'],
  [503, 'picture_unavailable'],
])('[IM2] a server that answers with status %i makes it %s', async (status, code) => {
  await using server = await startPictureServer((_request, response) => void response.writeHead(status).end())
  const fetcher = createPictureFetcher({ clock: createManualClock(), privateHosts: [server.host] })
  const engine = createScriptedEngine(() => says('a'))
  const turn = run(withPictures(engine, fetcher, carriedReader), requestOf(said(linked(server.urlOf('/secret?key=1')))))
  await expect(turn).rejects.toMatchObject({ code, param: 'messages[0].content[0].image_url.url' })
  await expect(turn).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
})

test.each([
  '',
  'a.png',
  '//a/b',
  'ftp://a/b',
  'file:///etc/hosts',
  'javascript:1',
  'https://name:word@a/',
  'http://127.0.0.1/',
])('[IM3] the address %j is never asked and is 400', async (url) => {
  const fetcher = createPictureFetcher({ clock: createManualClock(), privateHosts: [] })
  const engine = createScriptedEngine(() => says('a'))
  await expect(run(withPictures(engine, fetcher, carriedReader), requestOf(said(linked(url))))).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'messages[0].content[0].image_url.url',
  })
  expect(engine.runs).toEqual([])
})

const file = (data: string, place = 'messages[0].content[0].file.file_data'): Part => ({
  type: 'file',
  data,
  name: 'a.pdf',
  place,
})
const pdfUrl = (pages: number): string => `data:application/pdf;base64,${pdf({ pages }).toString('base64')}`

test('[FI1] the engine is sent documents in the place of files, beside pictures and text', async () => {
  const { fetcher } = openFetcher()
  const engine = createScriptedEngine(() => says('a'))
  const history = [said(file(pdfUrl(2)), aText, linked(DATA_URL)), said(file('data:text/plain,hello'))]
  await run(withPictures(engine, fetcher, carriedReader), requestOf(...history))
  expect(engine.runs[0]?.request.history).toEqual([
    said(
      {
        type: 'document',
        document: { mediaType: 'application/pdf', base64: pdf({ pages: 2 }).toString('base64'), title: 'a.pdf' },
      },
      aText,
      { type: 'picture', picture: pngPicture as Picture },
    ),
    said({ type: 'document', document: { mediaType: 'text/plain', text: 'hello', title: 'a.pdf' } }),
  ])
})

test('[FI2] [R60] a file that cannot be taken is refused by its place, and nothing is run', async () => {
  const { fetcher } = openFetcher()
  const engine = createScriptedEngine(() => says('a'))
  const place = 'messages[1].content[0].file.file_data'
  const turn = run(
    withPictures(engine, fetcher, carriedReader),
    requestOf(said(aText), said(file('data:application/pdf,hello', place))),
  )
  await expect(turn).rejects.toMatchObject({
    code: 'invalid_request',
    param: place,
    message: `\`${place}\`: the file is not a PDF.`,
  })
  expect(engine.runs).toEqual([])
})

test('[FI3] the files of a request have a hundred pages in all', async () => {
  const { fetcher } = openFetcher()
  const engine = createScriptedEngine(() => says('a'))
  const ask = (...pages: readonly number[]) =>
    run(
      withPictures(engine, fetcher, carriedReader),
      requestOf(...pages.map((each, nth) => said(file(pdfUrl(each), `place ${nth}`)))),
    )
  expect(await ask(40, 60)).toMatchObject({ answer: 'a' })
  await expect(ask(100, 1)).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(/^`place [01]`: the PDFs of a request may have 100 pages in all; send fewer\.$/),
  })
  await expect(ask(101)).rejects.toMatchObject({ code: 'invalid_request' })
  expect(engine.runs).toHaveLength(1)
})
