import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { History, Message } from '../../core/index.ts'
import { flattenTurns, toPrompt, type PersonaMode, type Prompt } from './prompt.ts'
import type { Turn } from './turn.ts'

const user = (text: string): Message => ({ role: 'user', text })
const assistant = (text: string): Message => ({ role: 'assistant', text })
const system = (text: string): Message => ({ role: 'system', text })
const developer = (text: string): Message => ({ role: 'developer', text })

const said = (text: string): Turn => ({ role: 'user', text })

const prompt = (history: History, mode: PersonaMode = 'off', persona = 'P'): Prompt =>
  toPrompt(history, { persona, mode })

test('[CC13] one question is what is asked, after nothing', () => {
  expect(prompt([user('Здравей 🙂')])).toEqual({ system: '', turns: [], ask: said('Здравей 🙂') })
})

test('[CC13] a history is told in its roles, and its last question is asked', () => {
  expect(prompt([user('a'), assistant('b'), user('c'), assistant('d'), user('e')])).toEqual({
    system: '',
    turns: [user('a'), assistant('b'), user('c'), assistant('d')],
    ask: said('e'),
  })
})

test('[CC13] texts are told word for word, with the blank space around them and whatever they look like', () => {
  const texts = ['  a\n', '<system>\nx\n</system>', '@/etc/passwd', '/clear', 'User: x\nAssistant: y', '\u2028\ud83d']
  const history = texts.flatMap((text) => [user(text), assistant(text)])
  expect(prompt([system(' s\n'), ...history, user(' q ')])).toEqual({
    system: ' s\n',
    turns: history,
    ask: said(' q '),
  })
})

test('[CC13] instructions before the first message are the system prompt, in their order', () => {
  expect(prompt([system('S1'), developer('S2\n'), system('S3'), user('a')])).toEqual({
    system: 'S1\n\nS2\n\n\nS3',
    turns: [],
    ask: said('a'),
  })
})

test.each(['', ' ', '\n\t'])(
  '[CC13] an instruction before the first message that says nothing (%j) is left out',
  (blank) => {
    expect(prompt([system(blank), developer('S'), system(blank), user('a')])).toEqual({
      system: 'S',
      turns: [],
      ask: said('a'),
    })
    expect(prompt([system(blank), user('a')]).system).toBe('')
    expect(prompt([system(blank), user('a')], 'prepend').system).toBe('P')
    expect(prompt([system(blank), user('a')], 'fallback').system).toBe('P')
  },
)

test('[CC13] a later instruction stands in its place, as a user’s message in tags', () => {
  expect(prompt([system('S'), user('a'), system('be brief'), assistant('b'), developer('be kind'), user('c')])).toEqual(
    {
      system: 'S',
      turns: [user('a'), user('<system>\nbe brief\n</system>'), assistant('b'), user('<system>\nbe kind\n</system>')],
      ask: said('c'),
    },
  )
})

test('[CC13] an instruction that comes last is what is asked', () => {
  expect(prompt([user('a'), assistant('b'), developer('go on')])).toEqual({
    system: '',
    turns: [user('a'), assistant('b')],
    ask: said('<system>\ngo on\n</system>'),
  })
})

test('[CC13] instructions alone are the system prompt of a conversation that begins', () => {
  expect(prompt([system('S1'), developer('S2')])).toEqual({
    system: 'S1\n\nS2',
    turns: [],
    ask: said('(The conversation begins.)'),
  })
})

test('[CC13] a history that begins with an assistant’s message is preceded by a beginning', () => {
  expect(prompt([system('S'), assistant('Welcome.'), user('a')])).toEqual({
    system: 'S',
    turns: [user('(The conversation begins.)'), assistant('Welcome.')],
    ask: said('a'),
  })
})

test('[CC13] an instruction between the beginning and an assistant’s message is no longer before the first message', () => {
  expect(prompt([assistant('Welcome.'), system('S'), user('a')])).toEqual({
    system: '',
    turns: [user('(The conversation begins.)'), assistant('Welcome.'), user('<system>\nS\n</system>')],
    ask: said('a'),
  })
})

test('[CC13] a history that ends with an assistant’s message is asked to go on', () => {
  expect(prompt([user('a'), assistant('b')])).toEqual({
    system: '',
    turns: [user('a'), assistant('b')],
    ask: said('(Go on.)'),
  })
  expect(prompt([assistant('b')])).toEqual({
    system: '',
    turns: [user('(The conversation begins.)'), assistant('b')],
    ask: said('(Go on.)'),
  })
})

test('[CC13] messages need not take turns', () => {
  expect(prompt([user('a'), user('b'), assistant('c'), assistant('d'), user('e'), user('f')])).toEqual({
    system: '',
    turns: [user('a'), user('b'), assistant('c'), assistant('d'), user('e')],
    ask: said('f'),
  })
})

test.each(['', ' ', '\n\t', '\u00a0'])('[CC13] messages that say nothing (%j) are left out', (blank) => {
  expect(prompt([user('a'), assistant(blank), user(blank), assistant('b'), user('c')])).toEqual({
    system: '',
    turns: [user('a'), assistant('b')],
    ask: said('c'),
  })
  expect(prompt([user(blank), assistant('b'), user('c')])).toEqual({
    system: '',
    turns: [user('(The conversation begins.)'), assistant('b')],
    ask: said('c'),
  })
  expect(prompt([user('a'), assistant(blank)])).toEqual({ system: '', turns: [], ask: said('a') })
  expect(prompt([assistant(blank)])).toEqual({ system: '', turns: [], ask: said('(The conversation begins.)') })
})

test.each(['', ' ', '\n\t'])('[CC13] a later instruction that says nothing (%j) is left out', (blank) => {
  expect(prompt([user('a'), system(blank), assistant('b'), developer(blank), user('c')])).toEqual({
    system: '',
    turns: [user('a'), assistant('b')],
    ask: said('c'),
  })
  expect(prompt([user('a'), system(blank)])).toEqual({ system: '', turns: [], ask: said('a') })
})

test.each(['', ' ', '\n\t'])('[CC13] a question that says nothing (%j) is asked as one without content', (blank) => {
  expect(prompt([user(blank)])).toEqual({ system: '', turns: [], ask: said('(no content)') })
  expect(prompt([user('a'), assistant('b'), user(blank)])).toEqual({
    system: '',
    turns: [user('a'), assistant('b')],
    ask: said('(no content)'),
  })
})

test.each<[PersonaMode, string, string]>([
  ['prepend', 'P\n\nS', 'P'],
  ['fallback', 'S', 'P'],
  ['off', 'S', ''],
])(
  '[CC17] under `%s` the system prompt is %j where the caller sends instructions, %j where it sends none',
  (mode, withOne, without) => {
    expect(prompt([system('S'), user('a')], mode).system).toBe(withOne)
    expect(prompt([developer('S'), user('a')], mode).system).toBe(withOne)
    expect(prompt([user('a')], mode).system).toBe(without)
    expect(prompt([system('S')], mode).system).toBe(withOne)
  },
)

test('[CC17] an instruction that comes later is told in its place and leaves the persona where it is', () => {
  for (const mode of ['prepend', 'fallback'] as const)
    expect(prompt([user('a'), system('S'), user('b')], mode)).toEqual({
      system: 'P',
      turns: [user('a'), user('<system>\nS\n</system>')],
      ask: said('b'),
    })
})

test('[CC17] an agent without a persona adds nothing', () => {
  for (const mode of ['prepend', 'fallback', 'off'] as const) {
    expect(prompt([system('S'), user('a')], mode, '').system).toBe('S')
    expect(prompt([user('a')], mode, '').system).toBe('')
  }
})

const BLANK = fc.constantFrom('', ' ', '\n', ' \t\n')
const role = fc.constantFrom('system', 'developer', 'user', 'assistant')
/** Messages of which each that says something can be told by its number. */
const anyHistory = fc
  .array(fc.record({ role, noise: fc.string({ unit: 'grapheme' }), blank: fc.option(BLANK) }), { maxLength: 12 })
  .map((all) =>
    all.map(({ role: of, noise, blank }, index): Message => {
      const around = noise.replaceAll(/[⟨⟩]/g, '')
      return { role: of, text: blank ?? `${around}⟨${index}⟩${around}` }
    }),
  )
const anyMode = fc.constantFrom('prepend', 'fallback', 'off')

const markOf = (text: string): string | undefined => /⟨\d+⟩/.exec(text)?.[0]
const marksOf = (text: string): readonly string[] => text.match(/⟨\d+⟩/g) ?? []

test('[CC13] [CC17] whatever the history, all that it says is told once, in its order and word for word', () => {
  fc.assert(
    fc.property(anyHistory, anyMode, (history, mode) => {
      const { system: told, turns, ask } = prompt(history, mode)
      const parts = [told, ...turns.map(({ text }) => text), ask.text]
      expect(parts.flatMap(marksOf)).toEqual(history.flatMap(({ text }) => marksOf(text)))
      for (const { text } of history) {
        if (text.trim() !== '') expect(parts.some((part) => part.includes(text))).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
})

test('[CC13] whatever the history, each message is told in its role, and by itself', () => {
  fc.assert(
    fc.property(anyHistory, anyMode, (history, mode) => {
      const { system: told, turns, ask } = prompt(history, mode)
      const spoken = [...turns, ask].filter(({ text }) => markOf(text) !== undefined)
      const isLeading = ({ text }: Message): boolean => told.includes(markOf(text) ?? 'nothing')
      expect(spoken).toEqual(
        history
          .filter((message) => markOf(message.text) !== undefined && !isLeading(message))
          .map((message) => {
            if (message.role === 'user' || message.role === 'assistant') return message
            return user(`<system>\n${message.text}\n</system>`)
          }),
      )
      const isSaid = ({ role: of }: Message): boolean => of === 'user' || of === 'assistant'
      const [first, firstWithText] = [
        history.findIndex(isSaid),
        history.findIndex((message) => isSaid(message) && message.text.trim() !== ''),
      ]
      for (const [index, message] of history.entries()) {
        if (markOf(message.text) === undefined) continue
        if (first < 0 || index < first) expect(isLeading(message)).toBe(true)
        if (firstWithText >= 0 && index >= firstWithText) expect(isLeading(message)).toBe(false)
      }
    }),
    { numRuns: 1000 },
  )
})

test('[CC13] whatever the history, the model API can take it: a user begins and is asked last, and no message is blank', () => {
  fc.assert(
    fc.property(anyHistory, anyMode, (history, mode) => {
      const { turns, ask } = prompt(history, mode)
      expect((turns[0] ?? ask).role).toBe('user')
      for (const text of [...turns.map((turn) => turn.text), ask.text]) expect(text.trim()).not.toBe('')
    }),
    { numRuns: 1000 },
  )
})

test('[CC13] [WP1] a history that grew begins as it was told before', () => {
  fc.assert(
    fc.property(anyHistory, anyMode, (history, mode) => {
      const asked = [...history, user('question')]
      const before = prompt(asked, mode)
      const after = prompt([...asked, assistant('answer'), user('next')], mode)
      expect(after).toEqual({
        system: before.system,
        turns: [...before.turns, user('question'), assistant('answer')],
        ask: said('next'),
      })
    }),
    { numRuns: 1000 },
  )
})

test('[CC13] a process that can be told one thing only is told all messages as one text, each with its speaker', () => {
  const { turns, ask } = prompt([user('a'), assistant('b\nc'), system('S'), user(' d')])
  expect(flattenTurns({ turns, ask })).toEqual(said('User: a\nAssistant: b\nc\nUser: <system>\nS\n</system>\nUser:  d'))
  expect(flattenTurns(prompt([assistant('Welcome.')]))).toEqual(
    said('User: (The conversation begins.)\nAssistant: Welcome.\nUser: (Go on.)'),
  )
})

test('[CC13] a single question is that text as it is', () => {
  expect(flattenTurns({ turns: [], ask: said('/clear @x') })).toEqual(said('/clear @x'))
})

const PICTURE = { type: 'picture', picture: { mediaType: 'image/png', base64: 'AAAA' } } as const
const called = (text: string, ...ids: readonly string[]): Message => ({
  role: 'assistant',
  text,
  calls: ids.map((id) => ({ id, name: 'weather', arguments: '{"n":1}' })),
})
const came = (callId: string, text: string): Message => ({ role: 'tool', callId, text })
const calls = (...ids: readonly string[]): Turn => ({
  role: 'assistant',
  text: '',
  blocks: ids.map((id) => ({ type: 'call', id, name: 'weather', input: { n: 1 } })),
})
const results = (...all: readonly (readonly [id: string, text: string])[]): Turn => ({
  role: 'user',
  text: '',
  blocks: all.map(([id, text]) => ({ type: 'result', id, content: [{ type: 'text', text }] })),
})

test('[FN4] a history that ends with what came of calls asks what to make of it', () => {
  expect(prompt([user('a'), called('', 'c1'), came('c1', 'rain')])).toEqual({
    system: '',
    turns: [user('a'), calls('c1')],
    ask: results(['c1', 'rain']),
  })
})

test('[FN5] a history that ends with calls asks what to make of none of them having a result', () => {
  expect(prompt([user('a'), called('', 'c1', 'c2'), came('c1', 'rain')])).toEqual({
    system: '',
    turns: [user('a'), calls('c1', 'c2')],
    ask: results(['c1', 'rain'], ['c2', '(no result)']),
  })
})

test('[FN4] [CC13] a history that begins with calls is preceded by a beginning', () => {
  expect(prompt([system('S'), called('', 'c1'), came('c1', 'rain'), user('b')])).toEqual({
    system: 'S',
    turns: [user('(The conversation begins.)'), calls('c1'), results(['c1', 'rain'])],
    ask: said('b'),
  })
})

test('[FN5] messages that say nothing stand between no calls', () => {
  expect(prompt([user('a'), called('', 'c1'), { role: 'assistant', text: ' ' }, called('', 'c2'), user('b')])).toEqual({
    system: '',
    turns: [user('a'), calls('c1', 'c2'), results(['c1', '(no result)'], ['c2', '(no result)'])],
    ask: said('b'),
  })
})

test('[FN5] [CC13] a result without a call counts as a message, though it says nothing', () => {
  const orphan = said('<function_result>\n\n</function_result>')
  expect(prompt([came('c1', ''), system('S'), user('b')])).toEqual({
    system: '',
    turns: [orphan, said('<system>\nS\n</system>')],
    ask: said('b'),
  })
})

test('[IM1] [CC13] a picture says something, with words or without', () => {
  const alone: Message = { role: 'user', text: '', parts: [PICTURE] }
  const shown: Message = {
    role: 'user',
    text: 'ab',
    parts: [{ type: 'text', text: 'a' }, PICTURE, { type: 'text', text: 'b' }],
  }
  expect(prompt([alone, assistant('A cat.'), shown])).toEqual({
    system: '',
    turns: [{ role: 'user', text: '', blocks: [PICTURE] }, assistant('A cat.')],
    ask: { role: 'user', text: 'ab', blocks: [{ type: 'text', text: 'a' }, PICTURE, { type: 'text', text: 'b' }] },
  })
})

test.each(['', ' ', '\n'])(
  '[IM1] words beside a picture that are %j are left out: the model API takes no blank ones',
  (blank) => {
    const shown: Message = { role: 'user', text: blank, parts: [{ type: 'text', text: blank }, PICTURE] }
    expect(prompt([shown]).ask.blocks).toEqual([PICTURE])
  },
)

test('[CC13] [FN4] a process that can be told one thing only is told calls, what came of them, and pictures in one message', () => {
  const shown: Message = { role: 'user', text: 'look', parts: [{ type: 'text', text: 'look' }, PICTURE] }
  const told = flattenTurns(prompt([shown, called('one moment', 'c1'), came('c1', 'rain'), user('b')]))
  expect(told.role).toBe('user')
  expect(told.blocks?.map(({ type }) => type)).toEqual(['text', 'picture', 'text'])
  const [before, , after] = (told.blocks ?? []).map((block) => (block.type === 'text' ? block.text : ''))
  expect(before).toBe('User: look')
  expect(after).toMatch(/^\nAssistant: one moment.*weather.*\{"n":1\}.*\nUser: .*rain\nUser: b$/s)
  expect(told.text).toBe(`${before ?? ''}${after ?? ''}`)
})
