import { stripVTControlCharacters, styleText } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Paint } from '../paint.ts'
import { banner, loginStatus, progressLine, startLine, type BannerFacts } from './banner.ts'

const plain: Paint = (_, text) => text
const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false })
const KEY = 'vv-0123456789abcdef0123456789abcdef'

const FACTS: BannerFacts = {
  version: '1.2.3',
  url: 'http://127.0.0.1:8765',
  readyMs: 12_345,
  cli: { version: '2.1.330', path: '/usr/local/bin/claude' },
  key: { value: KEY, path: '/home/me/.local/share/vivavoce/api-key' },
  hasOwnKey: false,
  rehearsal: false,
}
const show = (facts: Partial<BannerFacts> = {}): string => banner({ ...FACTS, ...facts }, plain)

describe('the banner', () => {
  test('[CM34] [CM35] it says all that a client needs, in 80 columns', () => {
    expect(show()).toBe(`
  vivavoce 1.2.3  ready after 12s

  Base URL  http://127.0.0.1:8765/v1
  Key       ${KEY}
            kept in /home/me/.local/share/vivavoce/api-key
  Page      http://127.0.0.1:8765/

  curl -N http://127.0.0.1:8765/v1/chat/completions \\
    -H "Authorization: Bearer ${KEY}" \\
    -d '{"stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'

  CLI       Claude Code 2.1.330
            /usr/local/bin/claude
`)
    expect(
      Math.max(
        ...show()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80)
  })

  test('[CM35] a key of the operator is named by its setting', () => {
    const own = show({ key: undefined, hasOwnKey: true })
    expect(own).toContain('\n  Key       the value of API_BEARER_TOKEN\n  Page')
    expect(own).toContain('-H "Authorization: Bearer $API_BEARER_TOKEN" \\\n')
    const tenants = show({ key: undefined })
    expect(tenants).toContain('\n  Key       one of VIVAVOCE_TENANTS, for API_BEARER_TOKEN\n')
    expect(tenants).toContain('-H "Authorization: Bearer $API_BEARER_TOKEN" \\\n')
  })

  test.each([
    ['http://0.0.0.0:80', 'http://127.0.0.1:80/v1  (on every address of this machine)'],
    ['http://[::]:9000', 'http://[::1]:9000/v1  (on every address of this machine)'],
    ['http://[::1]:9000', 'http://[::1]:9000/v1'],
    ['http://192.0.2.7:9000', 'http://192.0.2.7:9000/v1'],
  ])('[CM34] %s is shown as an address that a client can use', (url, shown) => {
    expect(show({ url })).toContain(`\n  Base URL  ${shown}\n`)
  })

  test('[CM37] a rehearsal needs no login', () => {
    expect(show({ rehearsal: true })).toMatch(/\n {2}Login {5}not needed: a rehearsal stands in for the model\n\n$/)
  })

  test('[CM37] the login is the last row', () => {
    expect(loginStatus({ status: 'logged-in', method: 'an API key' }, plain)).toBe(
      '  Login     logged in with an API key\n\n',
    )
    expect(loginStatus({ status: 'logged-out' }, plain)).toBe(
      '  Login     not logged in; `npx vivavoce doctor` says what to do\n\n',
    )
    expect(loginStatus({ status: 'unknown' }, plain)).toBe(
      '  Login     unknown, the CLI does not say; `npx vivavoce doctor` tries it\n\n',
    )
  })

  test('[CM38] colours change nothing but colours, and the command stays without them', () => {
    const shown = banner(FACTS, coloured)
    expect(shown).not.toBe(show())
    expect(stripVTControlCharacters(shown)).toBe(show())
    for (const line of show()
      .split('\n')
      .filter((text) => /^ +(curl|-H|-d)/.test(text)))
      expect(shown).toContain(`\n${line}\n`)
  })

  test('[CM15] what a terminal would obey is shown', () => {
    const hostile = '/tmp/\u001b[2J'
    const shown = show({ cli: { version: '1', path: hostile }, key: { value: KEY, path: hostile } })
    expect(shown).not.toContain('\u001b')
    expect(shown.match(/\/tmp\/␛\[2J/g)).toHaveLength(2)
  })
})

describe('the progress of a start', () => {
  const line = (observation: Parameters<typeof progressLine>[0], ms = 0, columns = 80) =>
    progressLine(observation, ms, columns, plain)

  test('[CM36] each event of the verification is a line with the time that has passed', () => {
    expect(startLine('1.2.3', plain)).toBe('vivavoce 1.2.3 starts\n')
    expect(line({ type: 'cli-verification-started', reason: 'start', path: '/c' })).toBe(
      '    0s  verifying that the Claude Code CLI is safe; a first start takes longer\n',
    )
    const goesOn = { type: 'cli-verification-continues', ms: 1, step: 'asking for its version' } as const
    expect(line({ ...goesOn, attempt: 1 }, 5001)).toBe('    5s  asking for its version\n')
    expect(line({ ...goesOn, attempt: 2 }, 65_000)).toBe(' 1m05s  asking for its version (attempt 2)\n')
    expect(line({ type: 'cli-verification-retried', attempt: 2, ms: 1, problem: 'It was late.' }, 10_000)).toBe(
      '   10s  starting attempt 2: It was late.\n',
    )
  })

  test('[CM36] a long line is broken between words, and cannot drive the terminal', () => {
    const problem = 'It said \u001b[2J and was late.'
    expect(line({ type: 'cli-verification-retried', attempt: 2, ms: 1, problem }, 0, 40)).toBe(
      '    0s  starting attempt 2: It said ␛[2J\n        and was late.\n',
    )
  })

  test('[CM36] what the banner or the error message says is not said twice; the rest is for the log', () => {
    const cli = { path: '/c', version: '1' }
    expect(line({ type: 'cli-verification-finished', outcome: 'verified', attempts: 1, ms: 1, ...cli })).toBe('')
    expect(line({ type: 'cli-capabilities-found', ...cli, missing: [] })).toBe('')
    const missing = [{ capability: 'tools', status: 'missing', cost: 'c' }] as const
    expect(line({ type: 'cli-capabilities-found', ...cli, missing })).toBeUndefined()
    expect(line({ type: 'store-opened', home: 'pglite', ms: 1 })).toBeUndefined()
  })
})
