/** What clients do to their histories between two questions. Pure: a history and chance in, a history out. */
import { MARKER } from './markers.ts'
import type { Random } from './random.ts'
import { anyText, shortened, systemText, withoutDirections, words } from './texts.ts'
import type { ChatMessage } from './wanted.ts'

type History = readonly ChatMessage[]

const say = (role: ChatMessage['role'], content: string): ChatMessage => ({ role, content })

const isInstruction = ({ role }: ChatMessage): boolean => role === 'system' || role === 'developer'

/** The instructions at the beginning, and all that follows them. */
function parted(history: History): { readonly head: History; readonly rest: History } {
  const first = history.findIndex((message) => !isInstruction(message))
  const at = first < 0 ? history.length : first
  return { head: history.slice(0, at), rest: history.slice(at) }
}

function instructions(random: Random, marker: string): History {
  switch (random.weighted({ none: 20, one: 50, developer: 10, several: 16, blank: 4 })) {
    case 'none':
      return []
    case 'one':
      return [say('system', systemText(random, marker))]
    case 'developer':
      return [say('developer', systemText(random, marker))]
    case 'several':
      return [
        say('system', systemText(random, marker)),
        say('system', ''),
        say('developer', systemText(random, marker)),
        say('system', words(random, 3)),
      ]
    case 'blank':
      return [say('system', random.pick(['', ' ', '\n\n']))]
  }
}

/** What a client brings along: turns that nobody here has seen, in roles that need not alternate. */
function injected(random: Random, marker: string): History {
  const message = (): ChatMessage =>
    random.chance(0.03)
      ? say(random.pick(['user', 'assistant']), random.pick(['', ' \n']))
      : say(random.pick(['user', 'assistant']), anyText(random, marker))
  const alternating = (): History => [say('user', anyText(random, marker)), say('assistant', anyText(random, marker))]
  const count = random.between(1, 30)
  return Array.from({ length: count }, () => (random.chance(0.7) ? alternating() : [message(), message()])).flat()
}

/** How a client begins. */
export function opening(random: Random, marker: string): History {
  const head = instructions(random, marker)
  switch (random.weighted({ nothing: 55, greeting: 20, injected: 25 })) {
    case 'nothing':
      return head
    case 'greeting':
      // The same in many conversations.
      return [...head, say('assistant', random.chance(0.5) ? 'Здравейте! С какво да помогна?' : `${marker} Hello.`)]
    case 'injected':
      return [...head, ...injected(random, marker)]
  }
}

/** Messages that are left without an answer stand in one with the next: what was directed there would befall that too. */
function unanswered(history: History): History {
  const from = history.findLastIndex(({ role }) => role === 'assistant') + 1
  return history.map((message, index) =>
    index < from ? message : { ...message, content: withoutDirections(message.content) },
  )
}

/** What a client makes of an answer, or of as much of it as it heard. */
export function heard(random: Random, history: History, text: string): History {
  switch (random.weighted({ whole: 60, shortened: 15, dropped: 10, padded: 5, other: 5, blank: 5 })) {
    case 'whole':
      return text === '' ? unanswered(history) : [...history, say('assistant', text)]
    case 'shortened': {
      const rest = shortened(random, text)
      return rest.trim() === '' ? unanswered(history) : [...history, say('assistant', rest)]
    }
    case 'dropped':
      return unanswered(history)
    case 'padded':
      return text.trim() === '' ? unanswered(history) : [...history, say('assistant', ` ${text}\n`)]
    case 'other':
      return [...history, say('assistant', `What I said: ${words(random, 5)}`)]
    case 'blank':
      return [...unanswered(history), say('assistant', ' ')]
  }
}

/** What a client makes of a question that was not answered. */
export function unheard(random: Random, history: History): History {
  switch (random.weighted({ forgotten: 5, kept: 2, excused: 2, again: 1 })) {
    case 'forgotten':
      return unanswered(history.slice(0, -1))
    case 'kept':
      return unanswered(history)
    case 'excused':
      return [...history, say('assistant', 'Sorry, something went wrong.')]
    case 'again':
      return history
  }
}

/** A message is written anew where it stands. */
function rewritten(random: Random, history: History, marker: string): History {
  const { head, rest } = parted(history)
  if (rest.length === 0) return history
  const at = random.between(0, rest.length - 1)
  return [
    ...head,
    ...rest.map((message, index) =>
      index === at
        ? { ...message, content: random.chance(0.35) ? anyText(random, marker) : retouched(random, message.content) }
        : message,
    ),
  ]
}

/** A text that is almost the same; its marks stay whole. */
function retouched(random: Random, text: string): string {
  const parts = text.split(MARKER)
  const touched = random.between(0, parts.length - 1)
  return parts.map((part, index) => (index === touched && !MARKER.test(part) ? touch(random, part) : part)).join('')
}

function touch(random: Random, text: string): string {
  const characters = Array.from(text)
  const at = random.between(0, characters.length)
  switch (random.weighted({ added: 3, removed: 3, padded: 2, capitals: 1 })) {
    case 'added':
      return [...characters.slice(0, at), '!', ...characters.slice(at)].join('')
    case 'removed':
      return characters.toSpliced(at, 1).join('')
    case 'padded':
      return `${text} `
    case 'capitals':
      return text.toLocaleUpperCase('bg')
  }
}

/** The oldest messages are gone; one tells what was in them. */
function summarised(random: Random, history: History, marker: string): History {
  const { head, rest } = parted(history)
  if (rest.length < 3) return history
  const summary = say(random.pick(['user', 'user', 'developer']), `Summary: ${anyText(random, marker)}`)
  // Where it is an instruction at the beginning it belongs to the system prompt.
  return [...head, summary, ...rest.slice(random.between(1, rest.length - 1))]
}

/** The last messages never happened. */
function back(random: Random, history: History): History {
  const { head, rest } = parted(history)
  const questions = rest.flatMap(({ role }, index) => (role === 'user' ? [index] : []))
  const to = questions.at(-random.between(1, Math.max(1, Math.min(4, questions.length))))
  return to === undefined ? history : [...head, ...rest.slice(0, to)]
}

/** Other instructions, or none. */
const instructed = (random: Random, history: History, marker: string): History => [
  ...instructions(random, marker),
  ...parted(history).rest,
]

/** What happens to a history before the next question. */
export function edited(random: Random, history: History, marker: string): History {
  switch (random.weighted({ not: 62, rewritten: 13, summarised: 8, back: 9, instructed: 5, told: 3 })) {
    case 'not':
      return history
    case 'rewritten':
      return rewritten(random, history, marker)
    case 'summarised':
      return summarised(random, history, marker)
    case 'back':
      return back(random, history)
    case 'instructed':
      return instructed(random, history, marker)
    case 'told':
      return [...history, say('developer', systemText(random, marker))]
  }
}

/** The history with the next question, of which there are kinds that are none. */
export function asking(random: Random, history: History, text: string): History {
  const hasAnswer = history.at(-1)?.role === 'assistant'
  switch (random.weighted({ plain: 88, twice: 4, told: 4, goOn: 2, blank: 2 })) {
    case 'plain':
      return [...history, say('user', text)]
    case 'twice':
      return [...history, say('user', words(random, 3)), say('user', text)]
    case 'told':
      return [...history, say('user', text), say('developer', words(random, 4))]
    case 'goOn':
      return hasAnswer ? history : [...history, say('user', text)]
    case 'blank':
      return hasAnswer ? [...history, say('user', random.pick(['', ' ', '\n']))] : [...history, say('user', text)]
  }
}
