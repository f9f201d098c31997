/** Calls of functions in a history, put as the model API takes them: each call directly before what came of it. */
import { createHash } from 'node:crypto'
import type { FunctionCall, History, Message, Part, ToolMessage } from '../../core/index.ts'
import { parseJson } from '../../lib/index.ts'
import type { Block, Content, Turn } from './turn.ts'

/** What stands for a result that is not there (yet). */
const NO_RESULT = '(no result)'

const callsOf = (message: Message | undefined): readonly FunctionCall[] =>
  message?.role === 'assistant' ? (message.calls ?? []) : []

/** Ids that were given to the calls of one turn differ in their ending only. */
const CALL_ID = /^(call_[\da-f]{24})_\d+$/

/** The id of a turn's nth call; `stem` is the turn's. At most 40 characters, which is what clients may keep. */
export const callId = (stem: string, index: number): string => `call_${stem}_${index}`

/** A stem for the ids of a turn, out of anything unguessable. */
export const callStem = (seed: string): string => createHash('sha256').update(seed).digest('hex').slice(0, 24)

/** The model API takes only such ids, and each once. */
const toSafeId = (id: string, nth: number): string => {
  const safe = /^[\w-]{1,64}$/.test(id) ? id : callStem(id)
  return nth === 0 ? safe : `${safe.slice(0, 56)}_again${nth}`
}

export const toContent = (text: string, parts: readonly Part[] | undefined): readonly Content[] =>
  (parts ?? [{ type: 'text', text }]).flatMap((part): readonly Content[] => {
    if (part.type === 'linked-picture') throw new Error('pictures are fetched before a turn is asked')
    return part.type === 'text' && part.text === '' ? [] : [part]
  })

/** The model API takes only objects. */
function toInput(json: string): unknown {
  if (json.trim() === '') return {}
  const parsed = parseJson(json)
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value)
    ? parsed.value
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
    calls.push(...more.map((call) => ({ call, at })))
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

/** Where each call is made and answered, by its id. */
function placesOf(history: History): ReadonlyMap<string, { readonly made: number[]; readonly told: number[] }> {
  const places = new Map<string, { made: number[]; told: number[] }>()
  const placeOf = (id: string) => {
    const place = places.get(id) ?? { made: [], told: [] }
    places.set(id, place)
    return place
  }
  for (const [at, message] of history.entries()) {
    if (message.role === 'tool') placeOf(message.callId).told.push(at)
    for (const { id } of callsOf(message)) placeOf(id).made.push(at)
  }
  return places
}

/**
 * A history as turns: its calls, grouped, each group directly before what came of it, wherever that stands. What is neither
 * a call nor what came of one is put by `tell`.
 */
export function pairCalls(history: History, tell: (message: Exclude<Message, ToolMessage>) => Turn): readonly Turn[] {
  const turns: Turn[] = []
  const places = placesOf(history)
  const taken = new Set<number>()
  const timesUsed = new Map<string, number>()

  /** All that is told of an id until that is used again. */
  function resultOf({ call: { id }, at }: Placed): readonly Content[] {
    const { made = [], told = [] } = places.get(id) ?? {}
    const until = made.find((place) => place > at) ?? history.length
    const content = told
      .filter((place) => place > at && place < until && !taken.has(place))
      .flatMap((place) => {
        taken.add(place)
        const message = history[place]
        return message?.role === 'tool' ? toContent(message.text, message.parts) : []
      })
    return content.length > 0 ? content : [{ type: 'text', text: NO_RESULT }]
  }

  function addGroup(text: string, from: number): number {
    const { calls, end } = groupFrom(history, from)
    const made: Block[] = []
    const came: Block[] = []
    for (const placed of calls) {
      const { id: given, name, arguments: json } = placed.call
      const nth = timesUsed.get(given) ?? 0
      timesUsed.set(given, nth + 1)
      const id = toSafeId(given, nth)
      made.push({ type: 'call', id, name, input: toInput(json) })
      came.push({ type: 'result', id, content: resultOf(placed) })
    }
    const said: readonly Block[] = text.trim() === '' ? [] : [{ type: 'text', text }]
    turns.push({ role: 'assistant', text, blocks: [...said, ...made] }, { role: 'user', text: '', blocks: came })
    return end
  }

  for (let at = 0; at < history.length; ) {
    const message = history[at]
    if (message?.role === 'assistant' && callsOf(message).length > 0) {
      at = addGroup(message.text, at)
      continue
    }
    if (message?.role === 'tool') {
      if (!taken.has(at)) turns.push(orphaned(message))
    } else if (message !== undefined) turns.push(tell(message))
    at++
  }
  return turns
}
