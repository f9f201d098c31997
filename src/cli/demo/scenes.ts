/** The scenes of the demo. Each throws DemoError when something else happens than it promises. */
import { setTimeout as delay } from 'node:timers/promises'
import { call, stream, type Client, type Message, type ToolCall } from './ask.ts'
import { DemoError } from './demo-error.ts'
import { paint, type Screen } from './screen.ts'

const JOB_POLL_MS = 200
const HEARD_PIECES = 8
const MS = (ms: number): string => paint('dim', `(${Math.round(ms)} ms)`)

export interface Scene {
  readonly client: Client
  readonly screen: Screen
  /** Directions for the rehearsal, which the real model must not see. */
  readonly rehearsal: boolean
}

const user = (content: string): Message => ({ role: 'user', content })

async function speak({ client, screen }: Scene, shown: string, messages: readonly Message[]) {
  screen.user(shown)
  screen.assistant()
  const response = await stream(client, { messages, onText: screen.piece })
  screen.line(`  ${MS(response.firstMs)}`)
  return response
}

/** English and Bulgarian. */
export async function speakTwoLanguages(scene: Scene): Promise<void> {
  scene.screen.heading('Speech', 'streamed as the model says it; in brackets the time to the first word')
  await speak(scene, 'Hello! What can you do?', [user('Hello! What can you do?')])
  scene.screen.line(paint('dim', '  The same in Bulgarian: text that is not ASCII must arrive whole, piece by piece.'))
  await speak(scene, 'Здравей! Какво можеш да правиш? 🙂', [user('Здравей! Какво можеш да правиш? 🙂')])
}

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

/** The model calls a function that the client runs. */
export async function callFunction({ client, screen, rehearsal }: Scene): Promise<void> {
  screen.heading('A function call', 'the model asks, your program answers')
  const question = 'What is the weather in Sofia?'
  const direction = rehearsal ? '[rehearse call=get_weather input={"city":"Sofia"}]' : ''
  screen.user(question)
  const asked = user(`${question}${direction}`)
  const { choices } = await call<{ choices: readonly { message: { tool_calls?: readonly ToolCall[] } }[] }>(
    client,
    '/v1/chat/completions',
    { model: 'sonnet', messages: [asked], tools: [WEATHER] },
  )
  const calls = choices[0]?.message.tool_calls ?? []
  if (calls[0]?.function.name !== 'get_weather') throw new DemoError('The model did not call the function.')
  screen.line(`  ${paint('dim', 'calls:'.padEnd(11))}${paint('yellow', `get_weather(${calls[0].function.arguments})`)}`)
  screen.line(`  ${paint('dim', 'result:'.padEnd(11))}21 °C, sunny`)
  screen.assistant()
  const results = calls.map(({ id }): Message => ({ role: 'tool', tool_call_id: id, content: '21 °C, sunny' }))
  const { firstMs } = await stream(client, {
    messages: [asked, { role: 'assistant', content: null, tool_calls: calls }, ...results],
    tools: [WEATHER],
    onText: screen.piece,
  })
  screen.line(`  ${MS(firstMs)}`)
}

/** The caller speaks while the model still does. */
export async function interrupt(scene: Scene): Promise<void> {
  const { client, screen, rehearsal } = scene
  screen.heading('An interruption', 'the client closes the stream; the next turn knows how far it came')
  const question = rehearsal ? 'count to 200' : 'Count from 1 to 200, in digits.'
  screen.user(question)
  screen.assistant()
  let pieces = 0
  const heard = await stream(client, {
    messages: [user(`${question}${rehearsal ? ' [rehearse slow=40]' : ''}`)],
    onText(text) {
      screen.piece(text)
      return ++pieces >= HEARD_PIECES
    },
  })
  screen.line(paint('yellow', '  interrupted'))
  const next = rehearsal ? 'say exactly: I stopped counting.' : 'Stop. Which number did you say last?'
  await speak(scene, next, [user(question), { role: 'assistant', content: heard.text }, user(next)])
}

/** Two turns of a conversation that the gateway stores. */
export async function converse({ client, screen }: Scene): Promise<void> {
  screen.heading('A conversation', 'stored by the gateway: it remembers what was said')
  for (const message of ['My name is Ada.', 'recall what I told you']) {
    screen.user(message)
    screen.waitFor('the store opens, which takes some seconds the first time')
    const { reply } = await call<{ reply: string }>(client, '/v1/conversational', { session_id: 'demo', message })
    screen.assistant()
    screen.piece(reply)
    screen.line()
    if (message.startsWith('recall') && !reply.includes('Ada'))
      throw new DemoError('The conversation was not remembered.')
  }
}

/** A background run of an agent. */
export async function work({ client, screen }: Scene): Promise<void> {
  screen.heading('A job', 'an agent with tools works in the background')
  const prompt = 'A recruiter wrote to me about a job at Example Ltd. What is known of the company?'
  const { job_id: id } = await call<{ job_id: string }>(client, '/execute', { prompt, agent: 'recruiter-triage' })
  screen.user(prompt)
  for (;;) {
    const job = await call<{ status: string; output: string | null; error: string | null }>(client, `/jobs/${id}`)
    if (job.status === 'completed') {
      screen.assistant()
      screen.piece(job.output ?? '')
      screen.line()
      return
    }
    if (job.status !== 'queued' && job.status !== 'running')
      throw new DemoError(`The job ended as ${job.status}: ${job.error}`)
    screen.waitFor(`the job is ${job.status}`)
    await delay(JOB_POLL_MS)
  }
}
