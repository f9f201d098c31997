/** Calls of functions in a history, put as the model API takes them: each call directly before what came of it. */
import { createHash } from 'node:crypto'
import type { FunctionCall, History, Message, Part, ToolMessage } from '../../core/index.ts'
import { parseExactly, parseJson } from '../../lib/index.ts'
import type { Block, Content, Turn } from './turn.ts'

/** What stands for a result that is not there (yet). */
const NO_RESULT = '(no result)'
/** What the CLI itself writes for a message without text. */
const NO_CONTENT = '(no content)'

const callsOf = (message: Message | undefined): readonly FunctionCall[] =>
  message?.role === 'assistant' ? (message.calls ?? []) : []

/** Ids that were given to the calls of one turn differ in their ending only. */
const CALL_ID = /^(call_[\da-f]{24})_\d+$/

/** The id of a turn's nth call; `stem` is the turn's. At most 40 characters, which is what clients may keep. */
export const callId = (stem: string, index: number): string => `call_${stem}_${index}`

/** A stem for ids, the same for the same seed. */
export const callStem = (seed: string): string => createHash('sha256').update(seed).digest('hex').slice(0, 24)

/** The model API takes only such ids, and each once. */
const toSafeId = (id: string, nth: number): string =>
  nth === 0 && /^[\w-]{1,64}$/.test(id) ? id : `call_${callStem(`${id}\n${nth}`)}`

/** Texts that say nothing are left out, since the model API takes none beside something else. */
export const toContent = (text: string, parts: readonly Part[] | undefined): readonly Content[] =>
  (parts ?? [{ type: 'text', text }]).flatMap((part): readonly Content[] => {
    if (part.type === 'linked-picture' || part.type === 'file')
      throw new Error('images and files are read before a turn is asked')
    return part.type === 'text' && part.text.trim() === '' ? [] : [part]
  })

/**
 * The model API takes only objects. The CLI reads a number as a double and writes it anew, so one that no double holds goes
 * as a text of its digits: another number would be taken for what was said.
 */
function toInput(json: string): unknown {
  if (json.trim() === '') return {}
  const parsed = parseJson(json)
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value)
    ? parseExactly(json)
    : { arguments: json }
}

/** A call and the place of the message that makes it. */
interface Placed {
  readonly call: FunctionCall
  readonly at: number
}

/** The calls that belong together, from the message at `from` on, and the place behind the last of them. */
function groupFrom(history: History, from: number): { readonly calls: readonly Placed[]; readonly end: number } {
  const calls = callsOf(history[from]).map((call): Placed => ({ call, at: from }))
  const stem = CALL_ID.exec(calls[0]?.call.id ?? '')?.[1]
  let end = from + 1
  let answered = false
  for (let at = end; at < history.length; at++) {
    const message = history[at]
    if (message?.role === 'tool') {
      answered = true
      continue
    }
    const more = callsOf(message)
    if (more.length === 0 || message?.text.trim() !== '') break
    // Calls that were made at once may come back one by one, each with its result behind it (R19); and what has no
    // result behind it yet can only stand together with the next.
    if (answered && (stem === undefined || !more.every(({ id }) => CALL_ID.exec(id)?.[1] === stem))) break
    for (const call of more) calls.push({ call, at })
    end = at + 1
  }
  return { calls, end }
}

/** A message that says what came of a call that is not there: it is not lost. */
const orphaned = ({ text, parts }: ToolMessage): Turn => {
  const told = `<function_result>\n${text}\n</function_result>`
  const pictures = toContent(text, parts).filter(({ type }) => type === 'picture')
  return pictures.length === 0
    ? { role: 'user', text: told }
    : { role: 'user', text: told, blocks: [{ type: 'text', text: told }, ...pictures] }
}

/** Where an id is used for calls and where something is told of it, and how far both were looked at. */
interface Uses {
  readonly made: number[]
  readonly told: number[]
  madeBefore: number
  toldBefore: number
  times: number
}

function usesOf(history: History): ReadonlyMap<string, Uses> {
  const uses = new Map<string, Uses>()
  const ofId = (id: string): Uses => {
    const known = uses.get(id) ?? { made: [], told: [], madeBefore: 0, toldBefore: 0, times: 0 }
    uses.set(id, known)
    return known
  }
  for (const [at, message] of history.entries()) {
    if (message.role === 'tool') ofId(message.callId).told.push(at)
    for (const { id } of callsOf(message)) ofId(id).made.push(at)
  }
  return uses
}

/**
 * A history as turns: its calls, grouped, each group directly before what came of it, wherever that stands. What is neither
 * a call nor what came of one is put by `tell`.
 */
export function pairCalls(history: History, tell: (message: Exclude<Message, ToolMessage>) => Turn): readonly Turn[] {
  const turns: Turn[] = []
  const uses = usesOf(history)
  const taken = new Set<number>()

  /** All that is told of an id until that is used again. Calls are looked at in their order. */
  function resultOf(used: Uses, at: number): readonly Content[] {
    const { made, told } = used
    while ((made[used.madeBefore] ?? Infinity) <= at) used.madeBefore++
    while ((told[used.toldBefore] ?? Infinity) <= at) used.toldBefore++
    const until = made[used.madeBefore] ?? Infinity
    const content: Content[] = []
    let isTold = false
    for (let place = told[used.toldBefore]; place !== undefined && place < until; place = told[++used.toldBefore]) {
      taken.add(place)
      isTold = true
      const message = history[place]
      if (message?.role === 'tool') content.push(...toContent(message.text, message.parts))
    }
    return content.length > 0 ? content : [{ type: 'text', text: isTold ? NO_CONTENT : NO_RESULT }]
  }

  function addGroup(text: string, from: number): number {
    const { calls, end } = groupFrom(history, from)
    const made: Block[] = []
    const came: Block[] = []
    for (const { call, at } of calls) {
      const used = uses.get(call.id)
      if (used === undefined) continue
      const id = toSafeId(call.id, used.times++)
      made.push({ type: 'call', id, name: call.name, input: toInput(call.arguments) })
      came.push({ type: 'result', id, content: resultOf(used, at) })
    }
    const said: readonly Block[] = text.trim() === '' ? [] : [{ type: 'text', text }]
    turns.push({ role: 'assistant', text, blocks: [...said, ...made] }, { role: 'user', text: '', blocks: came })
    for (let at = from; at < end; at++) addOrphan(at)
    return end
  }

  function addOrphan(at: number): void {
    const message = history[at]
    if (message?.role === 'tool' && !taken.has(at)) turns.push(orphaned(message))
  }

  for (let at = 0; at < history.length;) {
    const message = history[at]
    if (message?.role === 'assistant' && callsOf(message).length > 0) {
      at = addGroup(message.text, at)
      continue
    }
    if (message?.role === 'tool') addOrphan(at)
    else if (message !== undefined) turns.push(tell(message))
    at++
  }
  return turns
}
