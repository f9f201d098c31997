/** Histories for property tests: what a process holds, and what a request wants of it, often an edit of the other. */
import fc from 'fast-check'
import {
  blocksOf,
  hasCalls,
  hasResults,
  type Block,
  type Settings,
  type Turn,
} from '../../src/claude/protocol/index.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import type { Held, Row, Wanted } from '../../src/claude/warm/align.ts'
import type { ClientFunction } from '../../src/core/index.ts'

/** Everything that a CLI can do at best. */
export const ABLE: Abilities = {
  replay: 'bulk',
  rewind: 'jump',
  systemPrompt: 'live',
  switchModel: true,
  liveSettings: true,
  functions: true,
  interrupt: true,
  environmentNote: 'absent',
}

export const anyAbilities: fc.Arbitrary<Abilities> = fc.record({
  replay: fc.constantFrom('bulk', 'steps', 'none'),
  rewind: fc.constantFrom('jump', 'steps', 'none'),
  systemPrompt: fc.constantFrom('live', 'when-empty', 'fixed'),
  switchModel: fc.boolean(),
  liveSettings: fc.boolean(),
  functions: fc.constantFrom(true, true, false),
  interrupt: fc.boolean(),
  environmentNote: fc.constantFrom('absent', 'removable', 'sent'),
})

/** Few texts, so that two histories often agree by chance. */
const anyWord = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('yes', 'no', 'Здравей', 'и после?', 'go on 🙂') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }).filter((text) => text.trim() !== '') },
)
const anyBlank = fc.constantFrom('', '', ' ', '\n', ' \t\n')

export const anyUserText = fc.oneof(
  anyWord,
  fc.tuple(anyBlank, anyWord, anyBlank).map((parts) => parts.join('')),
)
export const anyAssistantText = fc.tuple(anyBlank, anyWord, anyBlank).map((parts) => parts.join(''))

export const user = (text: string): Turn => ({ role: 'user', text })
export const assistant = (text: string): Turn => ({ role: 'assistant', text })

/** A user's message with a picture in it, which is all where there is no text. */
export const withPicture = (text: string, base64 = 'AAAA'): Turn => ({
  role: 'user',
  text,
  blocks: [
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    { type: 'picture', picture: { mediaType: 'image/png', base64 } },
  ],
})

/** An assistant's message that calls these functions. */
export const calling = (
  text: string,
  ...calls: readonly (readonly [id: string, name: string, input?: object])[]
): Turn => ({
  role: 'assistant',
  text,
  blocks: [
    ...(text.trim() === '' ? [] : [{ type: 'text' as const, text }]),
    ...calls.map(([id, name, input = {}]): Block => ({ type: 'call', id, name, input })),
  ],
})

/** What came of calls. */
export const resulting = (...results: readonly (readonly [id: string, text: string])[]): Turn => ({
  role: 'user',
  text: '',
  blocks: results.map(([id, text]): Block => ({ type: 'result', id, content: [{ type: 'text', text }] })),
})

const anyCalling = fc
  .record({
    text: fc.constantFrom('', 'one moment'),
    calls: fc.array(
      fc.record({
        id: fc.constantFrom('call_1', 'call_2'),
        name: fc.constantFrom('weather', 'clock'),
        input: fc.constantFrom({}, { city: 'Русе' }, { at: 1, city: 'X' }, { city: 'X', at: 1 }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  })
  .map(({ text, calls }) => calling(text, ...calls.map(({ id, name, input }) => [id, name, input] as const)))
const anyResulting = fc.constantFrom(resulting(['call_1', 'rain']), resulting(['call_1', 'sun']))

export const anyTurn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 4, arbitrary: anyUserText.map(user) },
  { weight: 4, arbitrary: anyAssistantText.map(assistant) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('', 'look'), fc.constantFrom('AAAA', 'BBBB'))
      .map(([text, data]) => withPicture(text, data)),
  },
  { weight: 1, arbitrary: anyCalling },
)

const callsOf = (turn: Turn | undefined): readonly string[] =>
  turn === undefined ? [] : blocksOf(turn).flatMap((block) => (block.type === 'call' ? [block.id] : []))

/** These results as those of the calls before them. */
const resultsFor = (calls: Turn, results: Turn): Turn => {
  const [first] = blocksOf(results)
  const content = first?.type === 'result' ? first.content : []
  return { ...results, blocks: callsOf(calls).map((id): Block => ({ type: 'result', id, content })) }
}

/** As the model API takes them: a user begins, and results stand directly behind their calls and nowhere else. */
const wellFormed = (turns: readonly Turn[]): readonly Turn[] => {
  const formed: Turn[] = turns[0]?.role === 'assistant' ? [user('(The conversation begins.)')] : []
  const close = (results: Turn): boolean => {
    const last = formed.at(-1)
    const open = last !== undefined && hasCalls(last)
    if (open) formed.push(resultsFor(last, results))
    return open
  }
  for (const turn of turns) {
    const closed = close(hasResults(turn) ? turn : resulting(['', '(no result)']))
    if (!hasResults(turn)) formed.push(turn)
    else if (!closed && formed.length === 0) formed.push(user('(The conversation begins.)'))
  }
  close(resulting(['', '(no result)']))
  return formed
}

const anyExchange = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(anyUserText, anyAssistantText).map(([one, other]) => [user(one), assistant(other)]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyUserText, anyCalling, anyResulting, anyAssistantText)
      .map(([text, calls, results, answer]) => [user(text), calls, resultsFor(calls, results), assistant(answer)]),
  },
)

export const anyTurns: fc.Arbitrary<readonly Turn[]> = fc.oneof(
  fc.array(anyTurn, { maxLength: 8 }).map(wellFormed),
  // As a conversation goes: question, answer, question, answer.
  fc.array(anyExchange, { maxLength: 4 }).map((exchanges) => wellFormed(exchanges.flat())),
)

/**
 * Rows as a process comes to hold them: a user's message has a uuid or, replayed in bulk, none; the first always has one,
 * and what came of calls never has.
 */
export const anyRows: fc.Arbitrary<readonly Row[]> = fc
  .tuple(anyTurns, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }))
  .map(([turns, known]) =>
    turns.map((turn, index) =>
      turn.role === 'user' && !hasResults(turn) && (index === 0 || known[index] === true)
        ? { ...turn, uuid: `uuid-${index}` }
        : turn,
    ),
  )

const at = (list: readonly unknown[], index: number): number => (list.length === 0 ? 0 : index % list.length)

/** What becomes of a history between one request and the next. */
export const anyEdit: fc.Arbitrary<(turns: readonly Turn[]) => readonly Turn[]> = fc.oneof(
  fc.constant((turns: readonly Turn[]) => turns),
  fc.array(anyTurn, { minLength: 1, maxLength: 3 }).map((more) => (turns: readonly Turn[]) => [...turns, ...more]),
  fc.nat(20).map((index) => (turns: readonly Turn[]) => turns.slice(0, at(turns, index))),
  // An answer that was cut short in the ear of the listener.
  fc.tuple(fc.nat(20), fc.nat(20)).map(([index, length]) => (turns: readonly Turn[]) => {
    const cut = at(turns, index)
    return turns.flatMap((turn, place) => {
      if (place !== cut || turn.role !== 'assistant' || turn.blocks !== undefined) return [turn]
      const left = turn.text.slice(0, length)
      return left.trim() === '' ? [] : [assistant(left)]
    })
  }),
  fc.nat(20).map((index) => (turns: readonly Turn[]) => turns.filter((_, place) => place !== at(turns, index))),
  fc.tuple(fc.nat(20), anyTurn).map(
    ([index, other]) =>
      (turns: readonly Turn[]) =>
        turns.map((turn, place) =>
          place === at(turns, index) ? { role: turn.role, text: other.text.trim() === '' ? 'x' : other.text } : turn,
        ),
  ),
  fc.tuple(fc.nat(20), anyTurn).map(
    ([index, other]) =>
      (turns: readonly Turn[]) =>
        turns.map((turn, place) => (place === at(turns, index) ? other : turn)),
  ),
  fc.tuple(fc.nat(20), anyTurn).map(([index, other]) => (turns: readonly Turn[]) => [
    ...turns.slice(0, at(turns, index)),
    other,
    ...turns.slice(at(turns, index)),
  ]),
  // The beginning is summarised.
  fc.nat(20).map((index) => (turns: readonly Turn[]): readonly Turn[] => [
    { role: 'user', text: 'summary so far' },
    ...turns.slice(at(turns, index)),
  ]),
  fc.tuple(anyBlank, anyBlank).map(
    ([before, after]) =>
      (turns: readonly Turn[]) =>
        turns.map((turn) =>
          turn.role === 'assistant' && turn.blocks === undefined
            ? assistant(`${before}${turn.text.trim()}${after}`)
            : turn,
        ),
  ),
  // What a call came to is told otherwise, or what it was called with.
  fc
    .constantFrom('snow', '(no result)')
    .map(
      (content) => (turns: readonly Turn[]) =>
        turns.map((turn) => (hasResults(turn) ? resulting(['', content]) : turn)),
    ),
  fc
    .constantFrom({}, { city: 'Рига' })
    .map(
      (input) => (turns: readonly Turn[]) =>
        turns.map((turn) =>
          hasCalls(turn)
            ? { ...turn, blocks: blocksOf(turn).map((block) => (block.type === 'call' ? { ...block, input } : block)) }
            : turn,
        ),
    ),
  anyTurns.map((other) => () => other),
)

const bare = ({ role, text, blocks }: Turn): Turn => ({ role, text, ...(blocks === undefined ? {} : { blocks }) })

export const edited = (turns: readonly Turn[], edit: (turns: readonly Turn[]) => readonly Turn[]): readonly Turn[] =>
  wellFormed(edit(turns.map(bare)))

const functionOf = (name: string, description = ''): ClientFunction => ({
  name,
  description,
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
})

/** Lists that differ in what is offered, in what is said of it, and in their order. */
const anyFunctions: fc.Arbitrary<readonly ClientFunction[]> = fc.constantFrom<readonly ClientFunction[]>(
  [],
  [],
  [functionOf('weather')],
  [functionOf('weather', 'Tells the weather.')],
  [functionOf('weather'), functionOf('clock')],
  [functionOf('clock'), functionOf('weather')],
)

export const anySettings: fc.Arbitrary<Settings> = fc
  .record({
    maxOutputTokens: fc.constantFrom(undefined, undefined, 50, 4000),
    reasoning: fc.constantFrom('none', 'none', 'low', 'high'),
    sampling: fc.constantFrom(undefined, undefined, { temperature: 0.5 }, { temperature: 0, topP: 0.9 }),
    stopTexts: fc.constantFrom(undefined, undefined, ['END'], ['END', 'STOP']),
    choice: fc.constantFrom(
      undefined,
      undefined,
      { of: 'none' as const, parallel: true },
      { of: 'auto' as const, parallel: false },
      { of: 'required' as const, parallel: true },
      { of: { name: 'weather' }, parallel: true },
      { of: { name: 'weather' }, parallel: false },
    ),
  })
  .map(({ sampling, stopTexts, choice, ...rest }) => ({
    ...rest,
    ...(sampling === undefined ? {} : { sampling }),
    ...(stopTexts === undefined ? {} : { stopTexts }),
    ...(choice === undefined ? {} : { choice }),
  }))
export const anySystem = fc.constantFrom('You answer.', 'You are brief.', '')
export const anyModel = fc.constantFrom('sonnet', 'sonnet', 'haiku')

/** A process as it may stand at any time: one that was not told a system prompt yet holds nothing. */
export const anyHeld: fc.Arbitrary<Held> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      system: fc.constant(undefined),
      model: anyModel,
      settings: fc.option(anySettings, { nil: undefined }),
      functions: fc.constant([]),
      rows: fc.constant([]),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      system: anySystem,
      model: anyModel,
      settings: anySettings,
      functions: anyFunctions,
      rows: anyRows,
    }),
  },
)

/** Asks what came of the last calls, where there are any; what follows them is left out. */
const askingResults = (turns: readonly Turn[]): Pick<Wanted, 'turns' | 'ask'> | undefined => {
  const last = turns.findLastIndex(hasResults)
  const ask = turns[last]
  return ask === undefined ? undefined : { turns: turns.slice(0, last), ask }
}

/** What a request may want of a process that holds this. Mostly it wants the same system prompt, model, functions and settings. */
export const anyWantedOf = (held: Held): fc.Arbitrary<Wanted> =>
  fc
    .record({
      system: mostly(held.system, anySystem),
      model: mostly(held.model, anyModel),
      settings: mostly(held.settings, anySettings),
      functions: mostly(held.functions, anyFunctions),
      turns: anyEdit.map((edit) => edited(held.rows, edit)),
      ask: fc.oneof(
        anyUserText.map(user),
        fc.constantFrom(
          user('yes'),
          withPicture('look'),
          ...held.rows
            .filter(({ role, text, blocks }) => role === 'user' && blocks === undefined && text !== '')
            .map(bare),
        ),
      ),
      isResult: fc.constantFrom(true, false, false),
    })
    .map(({ isResult, ...wanted }) => ({ ...wanted, ...(isResult ? askingResults(wanted.turns) : {}) }))

const mostly = <T>(same: T | undefined, any: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  same === undefined ? any : fc.oneof({ weight: 4, arbitrary: fc.constant(same) }, { weight: 1, arbitrary: any })

/** An object with its names in order, at every depth. */
const sorted = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]))
}

/** As turns compare: blank space around an answer makes no difference, nor does the order of a call's arguments. */
export const comparable = (turns: readonly Turn[]): readonly string[] =>
  turns.map((turn) => {
    const { role, text, blocks } = turn
    if (blocks === undefined) return role === 'assistant' ? `assistant: ${text.trim()}` : `user: ${text}`
    const rest = role === 'assistant' ? blocks.filter(({ type }) => type !== 'text') : blocks
    return `${role}: ${role === 'assistant' ? text.trim() : ''} ${JSON.stringify(sorted(rest))}`
  })
