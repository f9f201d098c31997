import { expect, test } from 'vitest'
import { createManualClock, skipping } from '../../test/support/manual-clock.ts'
import { openTarget, readAddress, type Lookup } from './target.ts'

const never = new AbortController().signal
const NOT_PUBLIC = 'the address does not exist or is not public'

const read = (url: string, ...privateHosts: readonly string[]): string => readAddress(url, { privateHosts }).href

const problemOf = (url: string, ...privateHosts: readonly string[]): unknown => {
  try {
    return readAddress(url, { privateHosts }).href
  } catch (error) {
    return error
  }
}

const open = (url: string, { lookup, privateHosts = [] }: { lookup: Lookup; privateHosts?: readonly string[] }) =>
  openTarget(url, { privateHosts, lookup, clock: skipping(createManualClock(), 500), signal: never })

test.each([
  'http://127.1/',
  'http://2130706433/',
  'https://[::1]:8/',
  'http://[::ffff:7f00:1]/',
  'http://10.0.0.1./',
  'http://LocalHost/',
])('[IM3] [CB1] that %s is not public is known without asking anybody', (url) => {
  expect(problemOf(url)).toMatchObject({ name: 'OutboundError', problem: NOT_PUBLIC, retryable: false })
})

test('[IM3] [CB1] a private address is allowed in the form that URLs spell it, on that port or on any', () => {
  expect(read('http://127.1:99/a', '127.0.0.1')).toBe('http://127.0.0.1:99/a')
  expect(read('http://127.1:99/a', '127.0.0.1:99')).toBe('http://127.0.0.1:99/a')
  expect(read('http://[0::1]/', '[::1]:80')).toBe('http://[::1]/')
  expect(problemOf('http://127.1:98/a', '127.0.0.1:99')).toMatchObject({ problem: NOT_PUBLIC })
  expect(problemOf('https://[::1]/', '[::1]:80')).toMatchObject({ problem: NOT_PUBLIC })
  expect(problemOf('http://127.0.0.2/', '127.0.0.1')).toMatchObject({ problem: NOT_PUBLIC })
})

test('[IM3] [CB1] what cannot be judged without asking is let pass: a name', () => {
  expect(read('https://пример.test/a')).toBe('https://xn--e1afmkfd.test/a')
  expect(read('http://8.8.8.8')).toBe('http://8.8.8.8/')
})

test('[IM3] the port that a URL leaves out is that of its scheme', async () => {
  const lookup: Lookup = () => Promise.resolve(['10.0.0.1'])
  expect((await open('http://nas.test/a', { lookup, privateHosts: ['nas.test:80'] })).addresses).toEqual(['10.0.0.1'])
  expect((await open('https://nas.test/a', { lookup, privateHosts: ['nas.test:443'] })).addresses).toEqual(['10.0.0.1'])
  for (const [url, host] of [
    ['https://nas.test/a', 'nas.test:80'],
    ['http://nas.test./', 'nas.test'],
    ['http://nas.test.evil.test/', 'nas.test'],
  ] as const) {
    await expect(open(url, { lookup, privateHosts: [host] })).rejects.toMatchObject({ problem: NOT_PUBLIC })
  }
})

test('[IM3] [CB3] each address of a name must be public, and the name is resolved once', async () => {
  const asked: string[] = []
  const answering =
    (...addresses: readonly string[]): Lookup =>
    (hostname) => {
      asked.push(hostname)
      return Promise.resolve(addresses)
    }
  const { addresses } = await open('http://a.test/', { lookup: answering('8.8.8.8', '2606:4700:4700::1111') })
  expect(addresses).toEqual(['8.8.8.8', '2606:4700:4700::1111'])
  await expect(open('http://b.test/', { lookup: answering('8.8.8.8', '10.0.0.1') })).rejects.toMatchObject({
    problem: NOT_PUBLIC,
    retryable: false,
  })
  expect(asked).toEqual(['a.test', 'b.test'])
})

test('[IM3] an address in numbers is not resolved', async () => {
  const lookup: Lookup = () => Promise.reject(new Error('asked'))
  expect((await open('http://[2606:4700:4700:0::1111]/', { lookup })).addresses).toEqual(['2606:4700:4700::1111'])
  await expect(open('http://a.test/', { lookup })).rejects.toMatchObject({
    problem: 'the address could not be reached',
    retryable: true,
  })
})

test.each([
  ['private', () => Promise.resolve(['10.0.0.1'])],
  ['unknown', () => Promise.reject(Object.assign(new Error('?'), { code: 'ENOTFOUND' }))],
])(
  '[IM5] a %s name is refused half a second after it was asked for, however soon it is known',
  async (_kind, lookup) => {
    const clock = createManualClock()
    const opened = openTarget('http://db.internal/', { privateHosts: [], lookup, clock, signal: never }).catch(Object)
    let refused = false
    void opened.then(() => (refused = true))
    await clock.advance(499)
    expect(refused).toBe(false)
    await clock.advance(1)
    expect(await opened).toMatchObject({ problem: NOT_PUBLIC, retryable: false })
    expect(clock.armed).toBe(0)
  },
)

test('[IM5] who leaves while a name is refused is gone at once', async () => {
  const clock = createManualClock()
  const leaving = new AbortController()
  const lookup: Lookup = () => Promise.resolve(['10.0.0.1'])
  const opened = openTarget('http://db.internal/', { privateHosts: [], lookup, clock, signal: leaving.signal })
  await clock.untilArmed(500)
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(opened).rejects.toBe(reason)
  expect(clock.armed).toBe(0)
})

test('[IM9] [CB1] the machine’s networks are looked at for each connection, and a host that is named is allowed', async () => {
  let networks: readonly string[] = []
  const lookup: Lookup = () => Promise.resolve(['93.184.215.1'])
  const openOn = (url: string, ...privateHosts: readonly string[]) => {
    const clock = skipping(createManualClock(), 500)
    return openTarget(url, { privateHosts, lookup, networks: () => networks, clock, signal: never })
  }
  const urls = ['http://neighbour.test/', 'http://93.184.215.1/']
  for (const url of urls) expect((await openOn(url)).addresses).toEqual(['93.184.215.1'])
  networks = ['93.184.215.14/24']
  for (const url of urls) await expect(openOn(url)).rejects.toMatchObject({ problem: NOT_PUBLIC, retryable: false })
  expect((await openOn('http://neighbour.test/', 'neighbour.test')).addresses).toEqual(['93.184.215.1'])
  expect((await openOn('http://93.184.215.1/', '93.184.215.1')).addresses).toEqual(['93.184.215.1'])
})
