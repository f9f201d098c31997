import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { signatureOf, signingKey } from './signature.ts'

const page = readFileSync(new URL('../../docs/reference/callbacks.md', import.meta.url), 'utf8')

const found = (pattern: RegExp): string => {
  const [, text] = pattern.exec(page) ?? []
  if (text === undefined) throw new Error(`the page has nothing like ${String(pattern)}`)
  return text
}
const code = (language: string): string => found(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``))

const [head = '', body = ''] = code('http').trimEnd().split('\n\n')
const headers = Object.fromEntries([...head.matchAll(/^([a-z-]+): (.*)$/gm)].map(([, name, value]) => [name, value]))
const secret = found(/secret `(whsec_[^`]+)`/)
const { 'webhook-id': id = '', 'webhook-timestamp': sent = '', 'webhook-signature': signature = '' } = headers

/** What either example is asked, and whether it is genuine. Times are seconds. */
const good = { headers, body, secret, now: Number(sent) }
const text = 'a text of the operator'.replaceAll(' ', '-')
const textSignature = signatureOf({ id, timestamp: Number(sent), body: Buffer.from(body) }, signingKey(text))
const CASES = [
  [true, good],
  [true, { ...good, now: good.now + 300 }],
  [true, { ...good, headers: { ...headers, 'webhook-signature': `v1,AAAA v1a,x ${signature}` } }],
  [true, { ...good, headers: { ...headers, 'webhook-signature': textSignature }, secret: text }],
  [false, { ...good, now: good.now + 301 }],
  [false, { ...good, now: good.now - 301 }],
  [false, { ...good, body: body.replace('Готово', 'готово') }],
  [false, { ...good, body: '' }],
  [false, { ...good, secret: 'whsec_YW5vdGhlciBleGFtcGxlIG9mIHRoaXJ0eS10d28h' }],
  [false, { ...good, headers: { ...headers, 'webhook-id': 'job_2' } }],
  [false, { ...good, headers: { ...headers, 'webhook-timestamp': String(Number(sent) + 1) } }],
  [false, { ...good, headers: { ...headers, 'webhook-timestamp': 'soon' } }],
  [false, { ...good, headers: { ...headers, 'webhook-signature': '' } }],
  [false, { ...good, headers: { ...headers, 'webhook-signature': signature.replace('v1,', 'v2,') } }],
  [false, { ...good, headers: { ...headers, 'webhook-signature': `v1,ж${signature}` } }],
  [false, { ...good, headers: {} }],
] as const
const verdicts = CASES.map(([verdict]) => verdict)

test('[CB2] the signature of the page’s example is the one that is sent', () => {
  expect(signatureOf({ id, timestamp: Number(sent), body: Buffer.from(body) }, signingKey(secret))).toBe(signature)
})

test('[CB2] the page’s example for Node tells what is genuine', async () => {
  const source = `data:text/javascript,${encodeURIComponent(code('js'))}`
  const { isGenuine } = (await import(/* @vite-ignore */ source)) as { isGenuine: (asked: object) => boolean }
  expect(CASES.map(([, asked]) => isGenuine({ ...asked, nowMs: asked.now * 1000 }))).toEqual(verdicts)
  expect(isGenuine({ ...good, body: Buffer.from(body), nowMs: good.now * 1000 })).toBe(true)
  expect(isGenuine(good)).toBe(Math.abs(Date.now() / 1000 - good.now) <= 300)
})

test('[CB2] the page’s example for Python tells what is genuine', ({ skip }) => {
  const asking = `
import json, sys
print(json.dumps([
    is_genuine(asked["headers"], asked["body"].encode(), asked["secret"], asked["now"])
    for asked in json.load(sys.stdin.buffer)
]))`
  const { error, stdout, stderr } = spawnSync('python3', ['-c', `${code('python')}${asking}`], {
    input: JSON.stringify(CASES.map(([, asked]) => asked)),
    encoding: 'utf8',
  })
  if (error !== undefined) skip('no Python here')
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual(verdicts)
})

test('[CB2] the page’s command makes a secret', () => {
  const command = /^node -p '(.*)'$/m.exec(code('sh'))?.[1] ?? ''
  const { stdout } = spawnSync(process.execPath, ['-p', command], { encoding: 'utf8' })
  expect(stdout.trim()).toMatch(/^whsec_[\w+/-]{43}=$/)
  expect(signingKey(stdout.trim())).toHaveLength(32)
})
