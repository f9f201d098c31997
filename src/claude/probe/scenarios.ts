/** What is tried on a process, one ability each. A scenario answers whether all of it came out as it should. */
import { randomUUID } from 'node:crypto'
import { release } from 'node:os'
import type { ClientFunction, Reasoning, Sampling } from '../../core/index.ts'
import { fromToolName, type Settings, type Turn } from '../protocol/index.ts'
import type { Step, WarmProcess } from '../warm/index.ts'
import { toSent, type Sent } from './sent.ts'

/** By which a question is found among the requests; it stays in the answers that repeat it. */
const MARK = / [\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\w.])/g

/** A process under trial and the model API behind it. */
export interface Trial {
  readonly process: WarmProcess
  /** The bodies of all requests to the model API, oldest first. */
  readonly bodies: () => readonly string[]
  /** The path of a file that holds a secret. */
  readonly secretPath: string
  readonly secret: string
  /** How long the process may take to recover after a turn. */
  readonly answerMs: number
  /** Aborts when the trial has taken too long. */
  readonly signal: AbortSignal
}

export type Scenario = (trial: Trial) => Promise<boolean>

const user = (text: string): Turn => ({ role: 'user', text })

const replay = (...texts: readonly string[]): Step => ({
  type: 'replay',
  turns: texts.map((text, index): Turn => ({ role: index % 2 === 0 ? 'user' : 'assistant', text })),
})

/** Asks at the end of the steps, hears the answer out, and tells what the model was sent; one request, or it counts for nothing. */
async function ask(
  { process, bodies, answerMs, signal }: Trial,
  text: string,
  ...steps: readonly Step[]
): Promise<Sent> {
  const mark = randomUUID()
  await process.perform([...steps, { type: 'ask', turn: user(`${text} ${mark}`) }], { signal })
  let said = ''
  for (;;) {
    const message = await process.next(signal)
    if (message.type === 'text') said += message.text
    if (message.type === 'result') break
  }
  await process.settle({ said, whole: true, ms: answerMs })
  const [sent, ...more] = bodies().filter((body) => body.includes(mark))
  if (sent === undefined || more.length > 0)
    throw new Error(`the model was asked ${more.length + (sent ? 1 : 0)} times`)
  return toSent(sent.replaceAll(MARK, ''))
}

/** Takes back the questions from this one on, 0 being the first. */
const rewindTo = ({ process }: Trial, index: number): Step => ({
  type: 'rewind',
  uuids: process.held.rows
    .flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]))
    .slice(index)
    .toReversed(),
})

const ANSWERS = 'say exactly: yes'

/** It can be asked at all. */
export const isServed: Scenario = async (trial) => (await ask(trial, ANSWERS)).messages === `user: ${ANSWERS}`

/** With everything that an earlier message may be mistaken for. */
export const replays: Scenario = async (trial) => {
  const texts = [
    'one',
    'two',
    '/clear',
    '@README',
    '<local-command-stdout>x</local-command-stdout>',
    'ultrathink',
    'go',
    'on',
  ]
  const { messages } = await ask(trial, ANSWERS, replay(...texts))
  const history = texts.map((text, index) => `${index % 2 === 0 ? 'user' : 'assistant'}: ${text}`).join(' | ')
  const next = await ask(trial, ANSWERS)
  const edited = await ask(trial, ANSWERS, rewindTo(trial, 0), replay('other', 'history', 'of', 'four'))
  return (
    messages === `${history} | user: ${ANSWERS}` &&
    next.messages === `${history} | user: ${ANSWERS} | assistant: yes | user: ${ANSWERS}` &&
    edited.messages === `user: other | assistant: history | user: of | assistant: four | user: ${ANSWERS}`
  )
}

export const rewinds: Scenario = async (trial) => {
  for (const text of [ANSWERS, ANSWERS, ANSWERS]) await ask(trial, text)
  const back = await ask(trial, 'say exactly: back', rewindTo(trial, 1))
  const anew = await ask(trial, 'say exactly: anew', rewindTo(trial, 0))
  return (
    back.messages === `user: ${ANSWERS} | assistant: yes | user: say exactly: back` &&
    anew.messages === 'user: say exactly: anew'
  )
}

const otherSystem = async (trial: Trial, ...steps: readonly Step[]): Promise<Sent> => {
  return await ask(trial, ANSWERS, ...steps, { type: 'set-system', system: 'PROBE TWO' })
}

export const changesSystemPrompt: Scenario = async (trial) => {
  await ask(trial, ANSWERS)
  const { system, messages } = await otherSystem(trial)
  return system.endsWith('PROBE TWO') && messages === `user: ${ANSWERS} | assistant: yes | user: ${ANSWERS}`
}

export const changesSystemPromptWhenEmpty: Scenario = async (trial) => {
  await ask(trial, ANSWERS)
  const { system, messages } = await otherSystem(trial, rewindTo(trial, 0))
  return system.endsWith('PROBE TWO') && messages === `user: ${ANSWERS}`
}

/** The CLI tells the model of a change; what it tells must be gone, and must not come back by a rewind. */
export const switchesModel: Scenario = async (trial) => {
  const plain = await ask(trial, ANSWERS)
  const other = await ask(trial, ANSWERS, rewindTo(trial, 0), { type: 'set-model', model: 'haiku' })
  const next = await ask(trial, ANSWERS)
  const again = await ask(trial, ANSWERS, rewindTo(trial, 0))
  const back = await ask(trial, ANSWERS, rewindTo(trial, 0), { type: 'set-model', model: 'sonnet' })
  return (
    other.model !== plain.model &&
    back.model === plain.model &&
    [other, again, back].every(({ messages }) => messages === plain.messages) &&
    next.messages === `${plain.messages} | assistant: yes | ${plain.messages}`
  )
}

/** Neither the kernel's version nor any words of the CLI's note of the machine are sent, before and after a rewind. */
export const keepsMachinePrivate: Scenario = async (trial) => {
  const sent = [await ask(trial, ANSWERS), await ask(trial, ANSWERS), await ask(trial, ANSWERS, rewindTo(trial, 0))]
  return (
    sent.every(({ raw }) => !raw.includes(release()) && !/environment|working directory|os version/i.test(raw)) &&
    sent.map(({ messages }) => messages).join('; ') ===
      `user: ${ANSWERS}; user: ${ANSWERS} | assistant: yes | user: ${ANSWERS}; user: ${ANSWERS}`
  )
}

export const setsLimits: Scenario = async (trial) => {
  const set = (maxOutputTokens: number | undefined, reasoning: Reasoning, sampling?: Sampling): Step => ({
    type: 'set',
    settings: { maxOutputTokens, reasoning, ...(sampling === undefined ? {} : { sampling }) },
  })
  const low = await ask(trial, ANSWERS, set(77, 'none', { temperature: 0.25 }))
  const high = await ask(trial, ANSWERS, set(undefined, 'high'))
  const lowAgain = await ask(trial, ANSWERS, set(undefined, 'none'))
  return (
    low.maxTokens === 77 &&
    low.temperature === 0.25 &&
    high.temperature !== 0.25 &&
    !low.thinks &&
    high.maxTokens !== 77 &&
    high.thinks &&
    lowAgain.maxTokens !== 77 &&
    !lowAgain.thinks
  )
}

const functionNamed = (name: string): ClientFunction => ({
  name,
  description: `The function ${name}.`,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
})

/** One that is called ends the turn; what came of it is told in a history; others take its place. */
export const callsFunctions: Scenario = async (trial) => {
  const { process, answerMs, signal } = trial
  const settings: Settings = {
    maxOutputTokens: undefined,
    reasoning: 'none',
    choice: { of: { name: 'one' }, parallel: true },
  }
  const mark = randomUUID()
  const called: string[] = []
  await process.perform(
    [
      { type: 'offer', functions: [functionNamed('one'), functionNamed('two')] },
      { type: 'set', settings },
      { type: 'ask', turn: user(`What is the weather? ${mark}`) },
    ],
    { signal },
  )
  for (let message = await process.next(signal); message.type !== 'result'; message = await process.next(signal))
    if (message.type === 'call-start') called.push(fromToolName(message.name))
  await process.settle({ said: '', whole: false, ms: answerMs })
  const requests = trial
    .bodies()
    .filter((body) => body.includes(mark))
    .map(toSent)
  const free: Step = { type: 'set', settings: { maxOutputTokens: undefined, reasoning: 'none' } }
  const told = await ask(trial, ANSWERS, { type: 'offer', functions: [functionNamed('three')] }, free, {
    type: 'replay',
    turns: [
      user('one'),
      { role: 'assistant', text: '', blocks: [{ type: 'call', id: 'call_1', name: 'three', input: { city: 'X' } }] },
      { role: 'user', text: '', blocks: [{ type: 'result', id: 'call_1', content: [{ type: 'text', text: 'rain' }] }] },
      { role: 'assistant', text: 'two' },
    ],
  })
  const none = await ask(trial, ANSWERS, rewindTo(trial, 0), { type: 'offer', functions: [] })
  return (
    called.join() === 'one' &&
    requests.length === 1 &&
    requests[0]?.tools === 'one, two' &&
    told.tools === 'three' &&
    told.messages === `user: one | assistant: <tool_use> | user: <tool_result> | assistant: two | user: ${ANSWERS}` &&
    none.tools === '' &&
    none.messages === `user: ${ANSWERS}`
  )
}

export const isInterrupted: Scenario = async (trial) => {
  const { process, answerMs, signal } = trial
  const long: Step = { type: 'ask', turn: user('count to 2000 [rehearse slow=5]') }
  await process.perform([long], { signal })
  while ((await process.next(signal)).type !== 'text');
  await process.settle({ said: '', whole: false, ms: answerMs })
  await process.perform([long], { signal })
  await process.settle({ said: '', whole: false, ms: answerMs })
  return (await ask(trial, ANSWERS)).messages === `user: ${ANSWERS}`
}

const hostile = ({ secretPath }: Trial): string => `/clear @${secretPath} ultrathink @"${secretPath}"`

const isKept = ({ bodies, secret }: Trial): boolean => !bodies().some((body) => body.includes(secret))

export const isInertInQuestion: Scenario = async (trial) => {
  const { messages } = await ask(trial, hostile(trial))
  return messages === `user: ${hostile(trial)}` && isKept(trial)
}

/** In what is told of a function, of its call and of what came of it. */
export const isInertInFunctions: Scenario = async (trial) => {
  const text = hostile(trial)
  const offered: ClientFunction = { ...functionNamed('one'), description: text }
  const { messages, raw } = await ask(
    trial,
    ANSWERS,
    { type: 'offer', functions: [offered] },
    {
      type: 'replay',
      turns: [
        user('one'),
        { role: 'assistant', text: '', blocks: [{ type: 'call', id: 'call_1', name: 'one', input: { city: text } }] },
        { role: 'user', text: '', blocks: [{ type: 'result', id: 'call_1', content: [{ type: 'text', text }] }] },
        { role: 'assistant', text: 'two' },
      ],
    },
  )
  return (
    messages === `user: one | assistant: <tool_use> | user: <tool_result> | assistant: two | user: ${ANSWERS}` &&
    raw.split(JSON.stringify(text).slice(1, -1)).length === 4 &&
    isKept(trial)
  )
}

/** In an earlier message, and in a system prompt too. */
export const isInertInHistory: Scenario = async (trial) => {
  const text = hostile(trial)
  const plain = await ask(trial, ANSWERS, replay('one', 'two'))
  const asked = await ask(trial, text)
  const told = await ask(trial, ANSWERS, replay(text, text))
  const history = `user: one | assistant: two | user: ${ANSWERS} | assistant: yes | user: ${text}`
  return (
    plain.messages === `user: one | assistant: two | user: ${ANSWERS}` &&
    asked.messages === history &&
    told.messages.startsWith(`${history} | assistant: `) &&
    told.messages.endsWith(` | user: ${text} | assistant: ${text} | user: ${ANSWERS}`) &&
    isKept(trial)
  )
}
