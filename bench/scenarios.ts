/** What callers do. Each scenario is one caller's conversation; what it is measured by is noted down. */
import type { Answer } from './ask.ts'
import { assistant, system, user, type Conversation, type Offer } from './conversation.ts'
import type { Texts } from './texts.ts'

/** A conversation under way. */
export interface Play {
  readonly texts: Texts
  /** Turns of a conversation, where it has several. */
  readonly turns: number
  ask(conversation: Conversation, options?: { readonly leaveAfter?: number; readonly offer?: Offer }): Promise<Answer>
  /** Takes a turn down by the time to its first token. */
  measured(answer: Answer): void
  /** Takes down that the caller left; `name` is in this conversation alone. */
  left(answer: Answer, name: string): void
}

export type Scenario = (play: Play) => Promise<void>

/** A long answer, its tokens as far apart as a fast model's; the caller breaks in after a few of them. */
const LONG_ANSWER = { pieces: 400, paceMs: 5 } as const
const HEARD_EVENTS = 10
const HISTORY_MESSAGES = 50

/** The rehearsal repeats what it was asked, so an answer that belongs to another question, or to none, shows. */
function check(answer: Answer, question: string): Answer {
  if (answer.text.includes(question)) return answer
  throw new Error(`the answer to "${question}" was "${answer.text}"`)
}

/** A caller with a system prompt of their own and one question. */
export const fresh: Scenario = async ({ texts, ask, measured }) => {
  const question = texts.question()
  measured(check(await ask([system(texts.system().text), user(question)]), question))
}

/** A conversation of some turns, each sent whole; all but the first are measured. */
export const next: Scenario = async ({ texts, turns, ask, measured }) => {
  let said: Conversation = [system(texts.system().text)]
  for (let turn = 1; turn <= turns; turn += 1) {
    const question = texts.question()
    said = [...said, user(question)]
    const answer = check(await ask(said), question)
    if (turn > 1) measured(answer)
    said = [...said, assistant(answer.text)]
  }
}

/** A caller who interrupts, then at once says something else; of the answer only what was heard stays in the conversation. */
export const bargeIn: Scenario = async ({ texts, ask, measured, left }) => {
  const { text, name } = texts.system()
  const long = texts.longQuestion(LONG_ANSWER)
  const interrupted = await ask([system(text), user(long)], { leaveAfter: HEARD_EVENTS })
  left(interrupted, name)
  const heard = interrupted.text.slice(0, interrupted.text.lastIndexOf(' '))
  const question = texts.question()
  measured(check(await ask([system(text), user(long), assistant(heard), user(question)]), question))
}

/** A caller who comes with a long conversation that was held elsewhere. */
export const history: Scenario = async ({ texts, ask, measured }) => {
  const question = texts.question()
  const before = texts.history(HISTORY_MESSAGES)
  measured(check(await ask([system(texts.system().text), ...before, user(question)]), question))
}

/** Two answers as one: what passes between them is not counted. */
const inARow = (first: Answer, second: Answer): Answer => ({
  ...second,
  sentAtMs: second.sentAtMs - (first.overAtMs - first.sentAtMs),
})

/** A conversation of two turns: from the first question to the first token of the second answer. */
export const twoTurns: Scenario = async ({ texts, ask, measured }) => {
  const [first, second] = [texts.question(), texts.question()]
  const begun: Conversation = [system(texts.system().text), user(first)]
  const before = check(await ask(begun), first)
  const after = check(await ask([...begun, assistant(before.text), user(second)]), second)
  measured(inARow(before, after))
}

/** A question that has a function called: from the question to the first token of what is said of its result. */
export const roundTrip: Scenario = async ({ texts, ask, measured }) => {
  const [name = '', ...others] = texts.functions()
  const { question, city } = texts.callOf(name)
  const offer: Offer = { functions: [name, ...others] }
  const begun: Conversation = [system(texts.system().text), user(question)]
  const call = check(await ask(begun, { offer }), city)
  const result = texts.question()
  const called: Conversation = [...begun, { role: 'call', name, text: call.text }, { role: 'result', text: result }]
  measured(inARow(call, check(await ask(called, { offer }), result)))
}

/** A caller with a system prompt and functions of their own, of which none is called. */
export const otherFunctions: Scenario = async ({ texts, ask, measured }) => {
  const question = texts.question()
  const offer: Offer = { functions: texts.functions() }
  measured(check(await ask([system(texts.system().text), user(question)], { offer }), question))
}

/** A caller who wants the answer in one piece: measured to its end. */
export const whole: Scenario = async ({ texts, ask, measured }) => {
  const question = texts.question()
  const offer: Offer = { whole: true }
  const answer = check(await ask([system(texts.system().text), user(question)], { offer }), question)
  measured({ ...answer, firstTextAtMs: answer.overAtMs })
}

/** A caller whose answer is to satisfy a schema. */
export const structured: Scenario = async ({ texts, ask, measured }) => {
  const question = texts.question()
  const offer: Offer = { structured: true }
  measured(check(await ask([system(texts.system().text), user(question)], { offer }), question))
}
