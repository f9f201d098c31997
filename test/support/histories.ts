/** Histories for property tests: what a process holds, and what a request wants of it, often an edit of the other. */
import fc from 'fast-check'
import type { Settings, Turn } from '../../src/claude/protocol/index.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import type { Held, Row, Wanted } from '../../src/claude/warm/align.ts'

/** Everything that the newest CLI can do. */
export const ABLE: Abilities = {
  replay: 'bulk',
  rewind: 'jump',
  systemPrompt: 'live',
  switchModel: true,
  liveSettings: true,
  interrupt: true,
}

export const anyAbilities: fc.Arbitrary<Abilities> = fc.record({
  replay: fc.constantFrom('bulk', 'steps', 'none'),
  rewind: fc.constantFrom('jump', 'steps', 'none'),
  systemPrompt: fc.constantFrom('live', 'when-empty', 'fixed'),
  switchModel: fc.boolean(),
  liveSettings: fc.boolean(),
  interrupt: fc.boolean(),
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

export const anyTurn: fc.Arbitrary<Turn> = fc.oneof(
  anyUserText.map((text): Turn => ({ role: 'user', text })),
  anyAssistantText.map((text): Turn => ({ role: 'assistant', text })),
)

/** A transcript begins with a user's message, whatever is cut out of it. */
const begunByUser = (turns: readonly Turn[]): readonly Turn[] =>
  turns[0]?.role === 'assistant' ? [{ role: 'user', text: '(The conversation begins.)' }, ...turns] : turns

export const anyTurns: fc.Arbitrary<readonly Turn[]> = fc.oneof(
  fc.array(anyTurn, { maxLength: 8 }).map(begunByUser),
  // As a conversation goes: question, answer, question, answer.
  fc.array(fc.tuple(anyUserText, anyAssistantText), { maxLength: 5 }).map((pairs) =>
    pairs.flatMap(([user, assistant]): Turn[] => [
      { role: 'user', text: user },
      { role: 'assistant', text: assistant },
    ]),
  ),
)

/** Rows as a process comes to hold them: a user's message has a uuid or, replayed in bulk, none; the first always has one. */
export const anyRows: fc.Arbitrary<readonly Row[]> = fc
  .tuple(anyTurns, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }))
  .map(([turns, known]) =>
    turns.map((turn, index) =>
      turn.role === 'user' && (index === 0 || known[index] === true) ? { ...turn, uuid: `uuid-${index}` } : turn,
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
    return turns.flatMap(({ role, text }, place) => {
      const left = place === cut && role === 'assistant' ? text.slice(0, length) : text
      return left.trim() === '' ? [] : [{ role, text: left }]
    })
  }),
  fc.nat(20).map((index) => (turns: readonly Turn[]) => turns.filter((_, place) => place !== at(turns, index))),
  fc.tuple(fc.nat(20), anyTurn).map(
    ([index, other]) =>
      (turns: readonly Turn[]) =>
        turns.map((turn, place) => (place === at(turns, index) ? { role: turn.role, text: other.text } : turn)),
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
        turns.map(({ role, text }) => ({
          role,
          text: role === 'assistant' ? `${before}${text.trim()}${after}` : text,
        })),
  ),
  anyTurns.map((other) => () => other),
)

export const edited = (turns: readonly Turn[], edit: (turns: readonly Turn[]) => readonly Turn[]): readonly Turn[] =>
  begunByUser(edit(turns.map(({ role, text }): Turn => ({ role, text }))))

export const anySettings: fc.Arbitrary<Settings> = fc.record({
  maxOutputTokens: fc.constantFrom(undefined, undefined, 50, 4000),
  reasoning: fc.constantFrom('none', 'none', 'low', 'high'),
})
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
      rows: fc.constant([]),
    }),
  },
  { weight: 6, arbitrary: fc.record({ system: anySystem, model: anyModel, settings: anySettings, rows: anyRows }) },
)

/** What a request may want of a process that holds this. Mostly it wants the same system prompt, model and settings. */
export const anyWantedOf = (held: Held): fc.Arbitrary<Wanted> =>
  fc.record({
    system: mostly(held.system, anySystem),
    model: mostly(held.model, anyModel),
    settings: mostly(held.settings, anySettings),
    turns: anyEdit.map((edit) => edited(held.rows, edit)),
    ask: fc.oneof(anyUserText, fc.constantFrom('yes', ...held.rows.map(({ text }) => text))),
  })

const mostly = <T>(same: T | undefined, any: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  same === undefined ? any : fc.oneof({ weight: 4, arbitrary: fc.constant(same) }, { weight: 1, arbitrary: any })

/** As turns compare: blank space around an answer makes no difference. */
export const comparable = (turns: readonly Turn[]): readonly string[] =>
  turns.map(({ role, text }) => (role === 'assistant' ? `assistant: ${text.trim()}` : `user: ${text}`))
