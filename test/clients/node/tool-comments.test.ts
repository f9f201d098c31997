/** Clients that read the stream of a doer: what it tells besides its text must not trouble them. */
import { createOpenAI } from '@ai-sdk/openai'
import { ChatOpenAI } from '@langchain/openai'
import { streamText } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEY, startStage, type Stage } from '../../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const MODEL = 'recruiter-triage/sonnet'
const GLOB = 'call=Glob input={"pattern":"*"}'
/** A tool before there is a word, and tools between words. */
const FIRST = `[rehearse ${GLOB}][rehearse then-call=Glob input={"pattern":"*.md"}]`
const BETWEEN = `кажи точно: Един момент.\n[rehearse ${GLOB} ${GLOB}]`

const CLIENTS: Readonly<Record<string, (content: string) => Promise<string>>> = {
  async 'the client of OpenAI for Node'(content) {
    const client = new OpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: KEY, maxRetries: 0 })
    const stream = client.chat.completions.stream({ model: MODEL, messages: [{ role: 'user', content }] })
    return (await stream.finalChatCompletion()).choices[0]?.message.content ?? ''
  },
  async 'the AI SDK'(content) {
    const model = createOpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: KEY }).chat(MODEL)
    return await streamText({ model, prompt: content, maxRetries: 0 }).text
  },
  async LangChain(content) {
    const configuration = { baseURL: `${stage.gateway.url}/v1` }
    const chat = new ChatOpenAI({ model: MODEL, apiKey: KEY, configuration, maxRetries: 0 })
    let text = ''
    for await (const piece of await chat.stream(content)) text += piece.text
    return text
  },
}

describe.each(Object.entries(CLIENTS))('%s', (_, hear) => {
  test('[DO8] [ST18] takes no notice of the tools that a doer uses', async () => {
    expect(await hear(FIRST)).toMatch(/^The tool answered: No files found/)
    expect(await hear(BETWEEN)).toMatch(/^Един момент\.\n\nThe tool answered: No files found/)
  })
})
