import { expect, test } from 'vitest'
import { callbackProblem } from './callback-problem.ts'

const NOT_PUBLIC = 'the address does not exist or is not public'
const NO_SCHEME = 'the address does not begin with http:// or https://'

const problemOf = (url: string, ...privateHosts: readonly string[]): string | undefined =>
  callbackProblem(url, { privateHosts })

test.each([
  'https://example.org',
  'http://example.org:8080/a?b=c#d',
  'HTTPS://EXAMPLE.ORG/',
  'https://пример.test/обратно/☎️?ключ=а',
  'https://8.8.8.8/',
  'https://[2606:4700:4700::1111]:8443/a',
  'https://not-known-to-anybody.invalid/',
  `https://example.org/${'a'.repeat(2028)}`,
])('[CB1] a callback may be sent to %s', (url) => {
  expect(problemOf(url)).toBeUndefined()
})

test.each([
  [NO_SCHEME, ''],
  [NO_SCHEME, 'example.org/a'],
  [NO_SCHEME, '//example.org/a'],
  [NO_SCHEME, 'http:example.org'],
  [NO_SCHEME, ' https://example.org'],
  [NO_SCHEME, 'ftp://example.org/'],
  [NO_SCHEME, 'file:///etc/passwd'],
  [NO_SCHEME, 'javascript:alert(1)//http://'],
  [NO_SCHEME, 'data:text/plain,http://'],
  ['the address is not a valid URL', 'https://'],
  ['the address is not a valid URL', 'https://a b/'],
  ['the address is not a valid URL', 'https://example.org:99999/'],
  ['the address is not a valid URL', 'http://1.2.3.4.5/'],
  ['the address is not a valid URL', 'http://[fe80::1%25eth0]/'],
  ['the address holds a name or a password', 'https://me:word@example.org/'],
  ['the address holds a name or a password', 'https://me@example.org/'],
  ['the address holds a name or a password', 'https://:word@example.org/'],
  ['the address is longer than 2048 characters', `https://example.org/${'a'.repeat(2029)}`],
  ['the address is longer than 2048 characters', 'x'.repeat(20_000_000)],
  [NOT_PUBLIC, 'http://127.0.0.1/'],
  [NOT_PUBLIC, 'http://127.1:8080/'],
  [NOT_PUBLIC, 'http://0x7f000001/'],
  [NOT_PUBLIC, 'http://１２７.0.0.1/'],
  [NOT_PUBLIC, 'https://10.1.2.3/'],
  [NOT_PUBLIC, 'http://169.254.169.254/latest/meta-data/'],
  [NOT_PUBLIC, 'http://[::1]/'],
  [NOT_PUBLIC, 'http://[::ffff:10.0.0.1]/'],
  [NOT_PUBLIC, 'http://[fd00:ec2::254]/'],
  [NOT_PUBLIC, 'http://localhost:8765/'],
  [NOT_PUBLIC, 'http://LOCALHOST/'],
])('[CB1] %s', (problem, url) => {
  expect(problemOf(url)).toBe(problem)
})

test('[CB1] a private address is taken where the operator allows it, on that port or on any', () => {
  expect(problemOf('http://10.0.0.7:8080/a', '10.0.0.7')).toBeUndefined()
  expect(problemOf('http://10.0.0.7:8080/a', 'nas', '10.0.0.7:8080')).toBeUndefined()
  expect(problemOf('http://10.0.0.7:8081/a', '10.0.0.7:8080')).toBe(NOT_PUBLIC)
  expect(problemOf('http://[::1]:8080/', '[::1]:8080')).toBeUndefined()
  expect(problemOf('http://localhost/', 'localhost')).toBeUndefined()
  expect(problemOf('http://me@10.0.0.7/', '10.0.0.7')).toBe('the address holds a name or a password')
})
