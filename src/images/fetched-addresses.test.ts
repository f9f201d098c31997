import { expect, test } from 'vitest'
import { createManualClock, skipping } from '../../test/support/manual-clock.ts'
import { PNG, pngPicture, startPictureServer } from '../../test/support/picture-server.ts'
import { systemLookup, type Lookup } from '../outbound/index.ts'
import { createPictureFetcher, type PictureFetcherOptions } from './picture-fetcher.ts'

const never = new AbortController().signal
const NOT_PUBLIC = 'the address does not exist or is not public'
/** In the public range and given to nobody: whoever connects to it reaches nothing. */
const NOBODYS = '3ffe:ffff:ffff::1'

function openFetcher(options: Partial<PictureFetcherOptions> = {}) {
  const clock = createManualClock()
  const fetcher = createPictureFetcher({ clock: skipping(clock, 500), privateHosts: [], ...options })
  return { clock, fetch: (url: string) => fetcher.fetch(url, { scope: 'a', signal: never }) }
}

/** Answers each question with the next of `answers`, the last for ever. */
function scriptedLookup(...answers: readonly (readonly string[])[]) {
  const asked: string[] = []
  const lookup: Lookup = async (hostname) => {
    asked.push(hostname)
    return answers[Math.min(asked.length, answers.length) - 1] ?? []
  }
  return { asked, lookup }
}

test.each([
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '0177.0.0.1',
  '2130706433',
  '127.0.0.1.',
  '１２７.0.0.1',
  '0',
  'localhost',
  'LOCALHOST',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
])('[IM3] this machine is not asked by the name of %s', async (host) => {
  await using server = await startPictureServer()
  await expect(openFetcher().fetch(`http://${host}:${server.port}/`)).rejects.toMatchObject({
    name: 'OutboundError',
    problem: NOT_PUBLIC,
    retryable: false,
  })
  expect(server.requests).toEqual([])
})

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/',
  'http://[fd00:ec2::254]/',
  'http://100.64.1.1',
])('[IM3] the inside of a network is not asked: %s', async (url) => {
  await expect(openFetcher().fetch(url)).rejects.toMatchObject({ problem: NOT_PUBLIC })
})

test.each([
  ['only http and https addresses are fetched', 'file:///etc/passwd'],
  ['only http and https addresses are fetched', 'ftp://pictures.test/a.png'],
  ['only http and https addresses are fetched', 'data:image/png;base64,AAAA'],
  ['only http and https addresses are fetched', 'javascript:alert(1)'],
  ['only http and https addresses are fetched', 'constructor:a'],
  ['the address is not a valid URL', ''],
  ['the address is not a valid URL', 'pictures.test/a.png'],
  ['the address is not a valid URL', 'http://1.2.3.4.5/'],
  ['the address is not a valid URL', 'http://[fe80::1%25eth0]/'],
  ['the address holds a name or a password', 'http://me:secret@pictures.test/a.png'],
  ['the address holds a name or a password', 'http://me@pictures.test/a.png'],
])('[IM3] %s: %s', async (problem, url) => {
  const { asked, lookup } = scriptedLookup([NOBODYS])
  await expect(openFetcher({ lookup }).fetch(url)).rejects.toMatchObject({ problem, retryable: false })
  expect(asked).toEqual([])
})

test.each([
  ['a private one', ['127.0.0.1']],
  ['a public and a private one', ['8.8.8.8', '10.0.0.1']],
  ['a private one in the clothes of another', ['8.8.8.8', '::ffff:10.0.0.1']],
  ['one that is none', ['8.8.8.8', 'somewhere']],
])('[IM3] a name is not asked that resolves to %s, and nobody is told to what', async (_kind, addresses) => {
  const { lookup } = scriptedLookup(addresses)
  const failure = await openFetcher({ lookup }).fetch('http://pictures.test/').catch(String)
  expect(failure).toBe(`OutboundError: ${NOT_PUBLIC}`)
})

const systemError = (code: string): Error => Object.assign(new Error(`getaddrinfo ${code} 10.0.0.53`), { code })

test.each([
  ['has no address', () => Promise.resolve([])],
  ['does not exist', () => Promise.reject(systemError('ENOTFOUND'))],
  ['is too long to be a name', () => Promise.reject(systemError('EINVAL'))],
])('[IM5] a name that %s is refused as a private one is', async (_kind, lookup) => {
  const failures = await Promise.all(
    [lookup, () => Promise.resolve(['10.0.0.1'])].map((each) =>
      openFetcher({ lookup: each }).fetch('http://db.internal/').catch(Object),
    ),
  )
  const told = failures.map(({ message, problem, retryable, cause }) => ({ message, problem, retryable, cause }))
  expect(told[0]).toEqual({ message: NOT_PUBLIC, problem: NOT_PUBLIC, retryable: false, cause: undefined })
  expect(told[1]).toEqual(told[0])
})

test.each([systemError('EAI_AGAIN'), new Error('no resolver at 10.0.0.53')])(
  '[IM6] a name that cannot be resolved just now may be had later: %s',
  async (cause) => {
    const problem = 'the address could not be reached'
    const { fetch } = openFetcher({ lookup: () => Promise.reject(cause) })
    await expect(fetch('http://pictures.test/')).rejects.toMatchObject({
      problem,
      message: problem,
      retryable: true,
      cause,
    })
  },
)

test('[IM3] a private host is asked where the operator allows it, on that port or on any', async () => {
  await using server = await startPictureServer()
  await using other = await startPictureServer()
  const { fetch } = openFetcher({ privateHosts: [server.host] })
  expect(await fetch(server.urlOf('/'))).toEqual(pngPicture)
  await expect(fetch(other.urlOf('/'))).rejects.toMatchObject({ problem: NOT_PUBLIC })
  await expect(fetch(`http://localhost:${server.port}/`)).rejects.toMatchObject({ problem: NOT_PUBLIC })
  const anyPort = openFetcher({ privateHosts: ['LocalHost', '127.0.0.1'] })
  expect(await anyPort.fetch(other.urlOf('/'))).toEqual(pngPicture)
  expect(await anyPort.fetch(`http://localhost:${server.port}/`)).toEqual(pngPicture)
})

test('[IM3] a private host of IPv6 is allowed in its brackets', async ({ skip }) => {
  const server = await startPictureServer(undefined, { address: '::1' }).catch(() => skip('no IPv6 here'))
  await using _server = server
  expect(await openFetcher({ privateHosts: [server.host] }).fetch(server.urlOf('/'))).toEqual(pngPicture)
  expect(server.requests[0]?.headers.host).toBe(server.host)
})

test.each([
  [NOT_PUBLIC, 'http://127.0.0.1:PORT/'],
  [NOT_PUBLIC, '//localhost:PORT/'],
  [NOT_PUBLIC, 'http://pictures.test:PORT/'],
  [NOT_PUBLIC, 'http://nobody.invalid/'],
  ['only http and https addresses are fetched', 'file:///etc/passwd'],
  ['the address holds a name or a password', 'http://me@127.0.0.1:PORT/'],
  ['the address is not a valid URL', 'http://'],
])('[IM3] [IM5] a redirect is looked at as the address before it: %s for %s', async (problem, location) => {
  await using inside = await startPictureServer()
  await using server = await startPictureServer((_request, response) => {
    response.writeHead(302, { location: location.replace('PORT', String(inside.port)) }).end(PNG)
  })
  const lookup: Lookup = (hostname) =>
    hostname === 'pictures.test' ? Promise.resolve(['127.0.0.1']) : systemLookup(hostname)
  const { fetch } = openFetcher({ privateHosts: [server.host], lookup })
  await expect(fetch(server.urlOf('/'))).rejects.toMatchObject({ problem })
  expect(inside.requests).toEqual([])
})

test('[IM3] a name is resolved once for each address that is asked, and the answer is where the connection goes', async () => {
  await using server = await startPictureServer(({ url }, response) => {
    if (url === '/moved') response.end(PNG)
    else response.writeHead(302, { location: '/moved' }).end()
  })
  const { asked, lookup } = scriptedLookup(['127.0.0.1'], ['127.0.0.1'], [NOBODYS])
  const { fetch } = openFetcher({ privateHosts: ['pictures.test'], lookup })
  expect(await fetch(`http://pictures.test:${server.port}/`)).toEqual(pngPicture)
  expect(asked).toEqual(['pictures.test', 'pictures.test'])
  expect(server.requests.map(({ headers }) => headers.host)).toEqual(Array(2).fill(`pictures.test:${server.port}`))
})

test('[IM3] a name that is public when it is looked at and private a moment later leads nowhere private', async () => {
  await using server = await startPictureServer()
  const { asked, lookup } = scriptedLookup([NOBODYS], ['127.0.0.1'])
  const { clock, fetch } = openFetcher({ lookup })
  const fetched = fetch(`http://pictures.test:${server.port}/`).catch(String)
  await clock.advance(10_000)
  expect(await fetched).toMatch(/^OutboundError: (the address could not be reached|it took longer than 10 s)$/)
  expect(asked).toEqual(['pictures.test'])
  expect(server.requests).toEqual([])
})

test('[IM3] of the addresses of a name the next is tried where one does not answer', async () => {
  await using server = await startPictureServer()
  const { lookup } = scriptedLookup(['127.0.0.2', '127.0.0.1'])
  const { fetch } = openFetcher({ privateHosts: ['pictures.test'], lookup })
  expect(await fetch(`http://pictures.test:${server.port}/`)).toEqual(pngPicture)
})
