/** Pictures in messages, on the real CLI. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBlocks } from '../../src/rehearsal/index.ts'
import { answerPng, pngPicture, startPictureServer, type PictureServer } from '../support/picture-server.ts'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, type Stage } from '../support/stage.ts'

const IMAGE = {
  type: 'image',
  source: { type: 'base64', media_type: pngPicture.mediaType, data: pngPicture.base64 },
}
const dataUrl = `data:image/jpeg;base64,${pngPicture.base64}`
const picture = (url: string) => ({ type: 'image_url', image_url: { url, detail: 'low' } })
const text = (said: string) => ({ type: 'text', text: said })

describe.each(
  installed([
    { name: 'the pinned version', env: {} },
    { name: 'version 2.1.197', env: { VIVAVOCE_CLAUDE_BIN: OLDER_CLI } },
    { name: 'no process kept', env: { VIVAVOCE_POOL_MAX: '0' } },
  ]),
)('pictures, $name', ({ env }) => {
  let stage: Stage
  let server: PictureServer
  beforeAll(async () => {
    server = await startPictureServer((request, response) => {
      if (request.url === '/gone') response.writeHead(404).end()
      else if (request.url === '/busy') response.writeHead(503).end()
      else if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/x.png' }).end()
      else answerPng(request, response)
    })
    stage = await startStage({ env: { ...env, VIVAVOCE_POOL_SPARES: '1', VIVAVOCE_PRIVATE_HOSTS: server.host } })
  })
  afterAll(async () => {
    await stage.close()
    await server[Symbol.asyncDispose]()
  })

  const post = (messages: readonly object[], stream = true) =>
    stage.fetch('/v1/chat/completions', { body: { model: 'conversational/sonnet', stream, messages } })
  const answer = async (messages: readonly object[]) => {
    const response = await post(messages, false)
    return [response.status, await response.json()] as const
  }
  /** The blocks that the model was sent as user’s, without what the CLI adds of itself. */
  const sent = () =>
    (stage.rehearsal.requests.at(-1)?.body.messages ?? [])
      .filter(({ role }) => role === 'user')
      .flatMap(({ content }) => toBlocks(content))
      .filter(({ text: said }) => !said?.startsWith('<system-reminder>'))
      .map(({ cache_control: _cache, ...block }) => block)

  test('[IM1] [R15] one that is sent along reaches the model where it stands, as what its bytes say', async () => {
    const said = [text('look @/etc/hostname '), picture(dataUrl), text('say exactly: seen @/etc/hostname')]
    expect(await answer([{ role: 'user', content: said }])).toMatchObject([
      200,
      { choices: [{ message: { content: 'seen @/etc/hostname' } }] },
    ])
    expect(sent()).toEqual([text('look @/etc/hostname '), IMAGE, text('say exactly: seen @/etc/hostname')])
  })

  test('[IM1] [WP1] it is part of the history, also as what came of a call, and only a picture', async () => {
    await answer([
      { role: 'user', content: [picture(dataUrl)] },
      { role: 'assistant', content: 'A picture.' },
      { role: 'user', content: 'Another?' },
      { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'snap', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: [text('here'), picture(dataUrl)] },
    ])
    const told = JSON.stringify(sent())
    expect(told.split(pngPicture.base64)).toHaveLength(3)
    expect(told).toContain('here')
  })

  test('[IM2] [IM4] one that is named is fetched once, by the gateway', async () => {
    const url = server.urlOf('/one.png')
    for (const words of ['first', 'second'])
      await answer([{ role: 'user', content: [picture(url), text(`say exactly: ${words}`)] }])
    expect(sent()).toEqual([IMAGE, text('say exactly: second')])
    expect(server.requests.filter(({ url: asked }) => asked === '/one.png')).toHaveLength(1)
  })

  test.each([
    ['gone', 400, 'invalid_request'],
    ['busy', 503, 'picture_unavailable'],
    ['away', 400, 'invalid_request'],
  ])('[IM2] [IM3] one that cannot be had is told by its place: /%s is %s', async (path, status, code) => {
    const before = stage.rehearsal.requests.length
    const response = await post([{ role: 'user', content: [text('look'), picture(server.urlOf(`/${path}`))] }])
    expect([response.status, await response.json()]).toMatchObject([
      status,
      { error: { code, param: 'messages[0].content[1].image_url.url' } },
    ])
    expect(stage.rehearsal.requests.length).toBe(before)
  })

  test.each(['http://127.0.0.1:1/x.png', 'http://localhost/x', 'file:///etc/hostname', 'http://[::1]/x', 'x.png'])(
    '[IM3] %s is not fetched',
    async (url) => {
      const [status, body] = await answer([{ role: 'user', content: [picture(url)] }])
      expect([status, body]).toMatchObject([400, { error: { param: 'messages[0].content[0].image_url.url' } }])
    },
  )
})
