import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { KEY, openApp, START_MS, type AppOptions } from '../../../test/support/open-app.ts'

const NO_KEY = { authorization: '' }

/** The page as a browser without a key is sent it. */
async function get(headers: Readonly<Record<string, string>> = {}, options: AppOptions = {}) {
  const { app, clock } = openApp(() => [], options)
  await clock.advance(43_000)
  return await app.request('http://voice.example:8765/', {
    headers: { ...NO_KEY, host: 'voice.example:8765', ...headers },
  })
}

const VERIFYING: AppOptions = {
  cliState: () => ({
    status: 'verifying',
    reason: 'start',
    path: '/secret/claude',
    sinceMs: START_MS,
    attempt: 2,
    problem: 'secret problem',
  }),
}
const REFUSED: AppOptions = {
  cliState: () => ({ status: 'refused', path: '/secret/claude', problem: 'secret problem' }),
}

test('[PG1] the page says without a key what the server is, that it is ready, and how to use it', async () => {
  const response = await get()
  const page = await response.text()
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
  expect(page).toContain('vivavoce <small>1.2.3</small>')
  expect(page).toContain('<strong class="ready">Ready.</strong> Claude Code 2.1.330 answers.')
  expect(page).toContain('<pre>http://voice.example:8765/v1</pre>')
  expect(page).toContain('curl -N http://voice.example:8765/v1/chat/completions')
  expect(page).toContain('<a href="/docs/README.md">README</a>')
  expect(page).not.toContain('http-equiv="refresh"')
})

test('[PG2] the page of a server that starts says since when, and reloads itself', async () => {
  const page = await (await get({}, VERIFYING)).text()
  expect(page).toContain('<strong class="starting">Starting.</strong>')
  expect(page).toContain('attempt 2, for 43 s.')
  expect(page).toContain('<meta http-equiv="refresh" content="3" />')
})

test('[PG2] the page of a server whose CLI was refused says where the reason is', async () => {
  const page = await (await get({}, REFUSED)).text()
  expect(page).toContain('<strong class="unavailable">Not available.</strong>')
  expect(page).toContain('vivavoce doctor')
})

test('[PG1] the page of a rehearsal says so', async () => {
  expect(await (await get({}, { rehearsal: true })).text()).toContain('answers from a rehearsal, not from the model.')
})

test.each([
  ['ready', {}],
  ['starting', VERIFYING],
  ['refused', REFUSED],
])('[PG3] the page holds no key, path or message of the CLI (%s)', async (_, options) => {
  for (const accept of ['text/html', 'application/json']) {
    const page = await (await get({ accept }, options)).text()
    for (const secret of [KEY, '/secret', '/usr/bin', 'secret problem', '"active"', '"queued"'])
      expect(page).not.toContain(secret)
  }
})

test('[PG4] the policy of the page allows its own style sheet and nothing else', async () => {
  const response = await get()
  const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(await response.text()) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(response.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(style).toContain('prefers-color-scheme: dark')
})

test.each([
  [{ host: 'localhost:8765' }, 'http://localhost:8765/v1'],
  [{ host: '[::1]:8765' }, 'http://[::1]:8765/v1'],
  [
    { host: '127.0.0.1:8765', 'x-forwarded-host': 'voice.example', 'x-forwarded-proto': 'https' },
    'https://voice.example/v1',
  ],
  [{ host: 'a.example', 'x-forwarded-proto': 'https, http' }, 'https://a.example/v1'],
  [{ host: 'a.example', 'x-forwarded-proto': 'javascript' }, 'http://a.example/v1'],
  [{ host: '"><script>alert(1)</script>' }, null],
  [{ host: 'a.example', 'x-forwarded-host': 'x;rm -rf ~' }, null],
  [{ host: "a'$(id)" }, null],
  [{ host: '' }, null],
])('[PG5] the base URL for %j is %j', async (headers, expected) => {
  expect(await (await get({ accept: 'application/json', ...headers })).json()).toMatchObject({ base_url: expected })
  const page = await (await get(headers)).text()
  expect(page).toContain(`<pre>${expected ?? 'http://HOST:PORT/v1'}</pre>`)
  expect(page).not.toMatch(/<script|rm -rf|\$\(id\)/)
})

test('[PG6] a client that prefers JSON gets the same as JSON', async () => {
  expect(await (await get({ accept: 'text/html;q=0.5, application/json' })).json()).toEqual({
    name: 'vivavoce',
    version: '1.2.3',
    status: 'ready',
    detail: 'Claude Code 2.1.330 answers.',
    base_url: 'http://voice.example:8765/v1',
    documentation: [{ title: 'README', path: '/docs/README.md' }],
  })
  for (const accept of ['*/*', 'text/html,application/xhtml+xml,*/*;q=0.8', 'image/png'])
    expect((await get({ accept })).headers.get('content-type')).toContain('text/html')
})

test('[PG7] HEAD has the headers and no body, other methods are refused', async () => {
  const { app, request } = openApp(() => [])
  const head = await app.request('http://a.example/', { method: 'HEAD' })
  expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
    200,
    'text/html; charset=UTF-8',
    '',
  ])
  expect((await app.request('http://a.example/', { method: 'POST' })).status).toBe(401)
  const post = await request('/', { method: 'POST' })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET'])
})

test('[PG8] pages of the documentation are text, without a key', async () => {
  const { app } = openApp(() => [])
  const page = await app.request('http://a.example/docs/README.md')
  expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
    200,
    'text/plain; charset=UTF-8',
    '# vivavoce\n',
  ])
  for (const path of ['package.json', '..%2fpackage.json', '%2e%2e/SPEC.md'])
    expect((await app.request(`http://a.example/docs/${path}`)).status).not.toBe(200)
  expect((await app.request('http://a.example/docs/package.json')).status).toBe(404)
})
