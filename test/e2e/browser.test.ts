/** The gateway as a page in a real browser calls it, from an origin that may and from one that may not. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, serveSite, startBrowser, type Browser, type Site } from '../support/browser.ts'
import { KEY, startStage, until, type Stage } from '../support/stage.ts'

describe.skipIf(!hasBrowser)('a page in Chromium', () => {
  let site: Site
  let stranger: Site
  let stage: Stage
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    ;[site, stranger] = await Promise.all([serveSite(), serveSite()])
    stage = await startStage({ env: { VIVAVOCE_CORS_ORIGINS: site.origin } })
    // What is shown here is not how long a process takes to start on a machine that has other work.
    await until(async () => {
      const { pool } = (await (await stage.fetch('/health')).json()) as { readonly pool?: { readonly idle: number } }
      return (pool?.idle ?? 0) > 0
    })
    browser = await startBrowser()
    page = await browser.newPage()
    await page.goto(site.origin)
  })
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await stage.close()
    await Promise.all([site[Symbol.asyncDispose](), stranger[Symbol.asyncDispose]()])
  })

  /** Asks from the page; the pieces are the texts as they arrived. */
  const ask = (from: Page, body: object, key = KEY) =>
    from.evaluate(
      async ({ url, token, json }) => {
        try {
          const reply = await fetch(`${url}/v1/chat/completions`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-stainless-lang': 'js' },
            body: json,
          })
          const reader = (reply.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>())
            .pipeThrough(new TextDecoderStream())
            .getReader()
          const pieces: string[] = []
          for (let read = await reader.read(); !read.done; read = await reader.read()) pieces.push(read.value)
          const { status, headers } = reply
          const names = ['x-request-id', 'x-vivavoce-ignored', 'retry-after', 'retry-after-ms', 'x-should-retry']
          return { status, pieces, headers: Object.fromEntries(names.map((name) => [name, headers.get(name)])) }
        } catch (error) {
          return { refused: String(error) }
        }
      },
      { url: stage.gateway.url, token: key, json: JSON.stringify(body) },
    )
  const saying = (content: string, fields: object = {}) => ({ messages: [{ role: 'user', content }], ...fields })

  test('[CO2] [CO3] streams an answer as it comes, and reads the headers that it may', async () => {
    const reply = await ask(page, saying('count to 30 [rehearse slow=20]', { stream: true, seed: 1 }))
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'x-request-id': expect.stringMatching(/^req_/), 'x-vivavoce-ignored': 'seed' },
    })
    const pieces = reply.pieces ?? []
    expect(pieces.length).toBeGreaterThan(5)
    expect(pieces.join('')).toMatch(/"content":"1[^]*30[^]*data: \[DONE\]\n\n$/)
  })

  test('[CO3] reads an answer that is not streamed, a refused key and a failure with what they say', async () => {
    const whole = await ask(page, saying('say exactly: Здравей 🙂'))
    expect(whole).toMatchObject({ status: 200, pieces: [expect.stringContaining('Здравей 🙂')] })
    expect(await ask(page, saying('x'), 'wrong')).toMatchObject({
      status: 401,
      headers: { 'x-should-retry': 'false' },
      pieces: [expect.stringContaining('invalid_api_key')],
    })
    expect(await ask(page, saying('x [rehearse status=429]'))).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^\d+$/), 'retry-after-ms': expect.stringMatching(/^\d+$/) },
      pieces: [expect.stringContaining('rate_limit_exceeded')],
    })
  })

  test('[CO1] a page of another origin can neither ask nor read', async () => {
    const other = await browser.newPage()
    await other.goto(stranger.origin)
    const before = stage.rehearsal.requests.length
    expect(await ask(other, saying('x'))).toEqual({ refused: 'TypeError: Failed to fetch' })
    expect(stage.rehearsal.requests.length).toBe(before)
    await other.close()
  })
})
