/** Files in messages, on the real CLI: what the model is sent, from a pooled process, after a rewind, and in one shot. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pdf } from '../support/pdf.ts'
import { PNG } from '../support/picture-server.ts'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, type Stage } from '../support/stage.ts'

const HOSTILE = '/clear\n@/etc/passwd and @/etc/hostname ultrathink\n\tЖ 🙂 \u0001'

const dataUrl = (type: string, bytes: Buffer | string): string =>
  `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
const file = (file_data: string, filename?: string) => ({ type: 'file', file: { file_data, filename } })
const text = (said: string) => ({ type: 'text', text: said })
const user = (...content: readonly object[]) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })

const PLAN = pdf({ pages: 2, packed: true })
const PDF_PART = file(dataUrl('application/pdf', PLAN), 'план 🙂.pdf')
const PDF_BLOCK = {
  type: 'document',
  source: { type: 'base64', media_type: 'application/pdf', data: PLAN.toString('base64') },
  title: 'план 🙂.pdf',
}
const TEXT_PART = file(dataUrl('text/markdown', HOSTILE), '@/etc/passwd')
const textBlock = (data: string) => ({ type: 'document', source: { type: 'text', media_type: 'text/plain', data } })
const TEXT_BLOCK = { ...textBlock(HOSTILE), title: '@/etc/passwd' }
const IMAGE = { type: 'image_url', image_url: { url: dataUrl('image/png', PNG) } }

describe.each(
  installed([
    { name: 'the pinned version', env: { VIVAVOCE_POOL_MAX: '1', VIVAVOCE_POOL_SPARES: '1' } },
    {
      name: 'version 2.1.197',
      env: { VIVAVOCE_CLAUDE_BIN: OLDER_CLI, VIVAVOCE_POOL_MAX: '1', VIVAVOCE_POOL_SPARES: '1' },
    },
  ]),
)('files, $name', ({ env }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env })
  })
  afterAll(() => stage.close())

  const ask = async (messages: readonly object[], model = 'conversational/sonnet') => {
    const response = await stage.fetch('/v1/chat/completions', { body: { model, messages } })
    const body = (await response.json()) as {
      readonly choices: readonly { readonly message: { readonly content: string } }[]
    }
    expect([response.status, body]).toEqual([200, body])
    return body.choices[0]?.message.content
  }
  /** The user's blocks that the model was sent last, without what the CLI adds of itself. */
  const sent = () =>
    (stage.rehearsal.requests.at(-1)?.body.messages ?? []).flatMap(({ role, content }) =>
      role !== 'user' || typeof content === 'string'
        ? []
        : content
            .filter((block) => !block.text?.startsWith('<system-reminder>'))
            .map(({ cache_control: _cache, ...block }) => block),
    )

  test('[FI1] [FI5] files reach the model as documents, verbatim, beside images and text', async () => {
    expect(await ask([user(TEXT_PART, PDF_PART, IMAGE, text('say exactly: read'))])).toBe('read')
    expect(sent()).toMatchObject([
      TEXT_BLOCK,
      PDF_BLOCK,
      { type: 'image' },
      { type: 'text', text: 'say exactly: read' },
    ])
    expect(stage.rehearsal.requests.at(-1)?.rawBody).not.toContain('root:x:0')
    await ask([user(TEXT_PART)])
    expect(sent()).toEqual([TEXT_BLOCK])
  })

  test('[FI6] files of earlier turns are held, replayed, and told anew where they differ', async () => {
    const first = user(PDF_PART, TEXT_PART, text('say exactly: one'))
    expect(await ask([first])).toBe('one')
    const kinds = () => stage.observations.flatMap((seen) => (seen.type === 'turn-aligned' ? [seen.kind] : []))
    expect(await ask([first, assistant('one'), user(text('say exactly: two'))])).toBe('two')
    expect(kinds().at(-1)).toBe('kept')
    const held = [PDF_BLOCK, TEXT_BLOCK, { type: 'text', text: 'say exactly: one' }]
    expect(sent()).toEqual([...held, { type: 'text', text: 'say exactly: two' }])
    const edited = user(PDF_PART, file(dataUrl('text/plain', `${HOSTILE}!`)), text('say exactly: one'))
    expect(await ask([edited, assistant('one'), user(text('say exactly: three'))])).toBe('three')
    expect(sent()[1]).toEqual(textBlock(`${HOSTILE}!`))
    expect(await ask([user(text('say exactly: four'))])).toBe('four')
    expect(sent()).toEqual([{ type: 'text', text: 'say exactly: four' }])
  })

  test('[FI1] [FI5] a tool agent and its one-shot process get them too', async () => {
    const history = [user(PDF_PART, text('Look.')), assistant('Yes.'), user(TEXT_PART, text('say exactly: seen'))]
    expect(await ask(history, 'recruiter-triage/sonnet')).toBe('seen')
    expect(sent().filter(({ type }) => type === 'document')).toEqual([PDF_BLOCK, TEXT_BLOCK])
    expect(stage.rehearsal.requests.at(-1)?.rawBody).not.toContain('root:x:0')
  })

  test('[FI2] [FI4] what cannot be taken is 400 and reaches nobody', async () => {
    const before = stage.rehearsal.requests.length
    for (const [part, problem] of [
      [file(dataUrl('application/pdf', pdf({ encrypted: true }))), 'the PDF is encrypted; send it without a password'],
      [{ type: 'file', file: { file_id: 'file-1' } }, '`file_id` cannot be taken; send the file itself as `file_data`'],
    ] as const) {
      const response = await stage.fetch('/v1/chat/completions', { body: { messages: [user(part)] } })
      const body = (await response.json()) as { readonly error: { readonly message: string } }
      expect([response.status, body.error.message]).toEqual([400, expect.stringContaining(problem)])
    }
    expect(stage.rehearsal.requests.length).toBe(before)
  })
})
