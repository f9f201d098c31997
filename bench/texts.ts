/** What the benchmark's callers say: the length of what is said to a voice agent, and never the same twice. */
import { assistant, user, type Conversation } from './conversation.ts'

export interface Texts {
  /** A system prompt and a name that is in this one alone, by which its requests are found upstream. */
  system(): { readonly text: string; readonly name: string }
  question(): string
  /** A question with a long answer, so many milliseconds between its tokens. */
  longQuestion(options: { readonly pieces: number; readonly paceMs: number }): string
  /** Names of functions that nobody offered before. */
  functions(): readonly string[]
  /** A question that has the function called with this city. */
  callOf(name: string): { readonly question: string; readonly city: string }
  /** So many messages by turns, the user's first; all of them are texts that nobody said before. */
  history(messages: number): Conversation
}

const TOPICS = [
  'the opening hours',
  'a table for four',
  'the late train',
  'a parcel',
  'the weather by the sea',
] as const

export function createTexts(): Texts {
  let said = 0
  const next = (): number => (said += 1)
  const topicOf = (number: number): string => TOPICS[number % TOPICS.length] ?? TOPICS[0]
  const question = (): string => {
    const number = next()
    return `Could you tell me about ${topicOf(number)}, please? My reference is ${number}.`
  }
  const remark = (): string => {
    const number = next()
    return `Gladly. As for ${topicOf(number)}, there is nothing to worry about; I have noted it under ${number}.`
  }
  return {
    system() {
      const name = `desk-${next()}-end`
      const text =
        `You answer the telephone of ${name}, a small hotel by the sea. Be brief, polite and helpful. ` +
        'Guests ask about rooms, meals, transport and the town; breakfast is from seven to ten, the desk is staffed ' +
        'day and night, and the ferry leaves every hour. If you are not sure, offer to ask a colleague and call back. ' +
        'Never promise a discount, and never repeat a card number.'
      return { text, name }
    },
    question,
    longQuestion: ({ pieces, paceMs }) => `count to ${pieces} for guest ${next()} [rehearse slow=${paceMs}]`,
    functions: () => ['look_up', 'book', 'call_back'].map((name) => `${name}_${next()}`),
    callOf(name) {
      const city = `city-${next()}`
      return { question: `Please look it up. [rehearse call=${name} input={"city":"${city}"}]`, city }
    },
    history: (messages) =>
      Array.from({ length: messages }, (_, index) => (index % 2 === 0 ? user(question()) : assistant(remark()))),
  }
}
