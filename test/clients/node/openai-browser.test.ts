/** The openai package as it runs in a page, in a real browser. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, serveSite, startBrowser, type Browser, type Site } from '../../support/browser.ts'
import { KEY, startStage, until, type Stage } from '../../support/stage.ts'

const OPENAI = fileURLToPath(new URL('node_modules/openai/', import.meta.url))

describe.skipIf(!hasBrowser)('the openai package in Chromium', () => {
  let site: Site
  let stage: Stage
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    site = await serveSite({ directories: { '/openai/': OPENAI } })
    stage = await startStage({ env: { VIVAVOCE_CORS_ORIGINS: site.origin } })
    browser = await startBrowser()
    page = await browser.newPage()
    await page.goto(site.origin)
  })
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await stage.close()
    await site[Symbol.asyncDispose]()
  })

  test('[CO3] [CA1] streams, reads errors and is stopped', async () => {
    const run = <T>(code: string): Promise<T> =>
      page.evaluate(`(async () => {
        const { default: OpenAI } = await import('/openai/index.mjs')
        const client = new OpenAI({
          baseURL: '${stage.gateway.url}/v1', apiKey: '${KEY}', dangerouslyAllowBrowser: true, maxRetries: 0,
        })
        const user = (content) => [{ role: 'user', content }]
        ${code}
      })()`)
    expect(
      await run(`
        const stream = await client.chat.completions.create({ model: 'gpt-4o', stream: true, messages: user('count to 5') })
        let text = ''
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
        const whole = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: user('say exactly: ж') })
        return [text, whole.model, whole.choices[0].message.content]
      `),
    ).toEqual(['1 2 3 4 5', 'haiku', 'ж'])
    expect(
      await run(`
        try {
          await client.chat.completions.create({ model: 'nothing', messages: user('x') })
        } catch (error) {
          return [error.status, error.code, /^req_/.test(error.requestID)]
        }
      `),
    ).toEqual([404, 'model_not_found', true])
    await run(`
      const stream = await client.chat.completions.create({
        model: 'haiku', stream: true, messages: user('count to 500 [rehearse slow=20]'),
      })
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content?.includes('3')) break
    `)
    await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
  })
})
