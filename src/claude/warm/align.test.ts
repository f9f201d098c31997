import { expect, test } from 'vitest'
import { ABLE, calling, resulting, withPicture } from '../../../test/support/histories.ts'
import type { Turn } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import { align, isToldAlone, type Held, type Step, type Wanted } from './align.ts'

const SETTINGS = { maxOutputTokens: undefined, reasoning: 'none' } as const
const user = (text: string, uuid?: string): Turn => ({ role: 'user', text, ...(uuid === undefined ? {} : { uuid }) })
const assistant = (text: string): Turn => ({ role: 'assistant', text })

const WEATHER = { name: 'weather', description: '', parameters: { type: 'object' } }
const CLOCK = { ...WEATHER, name: 'clock' }
const CALLED = [
  user('a'),
  assistant('b'),
  user('c'),
  calling('', ['c1', 'weather']),
  resulting(['c1', 'r']),
  assistant('d'),
]
const CALLED_ROWS = [user('a', 'u1'), assistant('b'), user('c', 'u2'), ...CALLED.slice(3)]
const WEATHER_CHOSEN = { ...SETTINGS, choice: { of: { name: 'weather' }, parallel: true } }

const HELD: Held = {
  system: 'S',
  model: 'sonnet',
  settings: SETTINGS,
  functions: [],
  rows: [user('a', 'u1'), assistant('b'), user('c', 'u2'), assistant('d')],
}
const WANTED: Wanted = {
  system: 'S',
  model: 'sonnet',
  settings: SETTINGS,
  functions: [],
  turns: [user('a'), assistant('b'), user('c'), assistant('d')],
  ask: user('e'),
}
const ask: Step = { type: 'ask', turn: user('e') }

interface Example {
  readonly held?: Partial<Held>
  readonly wanted?: Partial<Wanted>
  readonly abilities?: Partial<Abilities>
  readonly kept: number
  readonly steps: readonly Step[]
}

test.each<readonly [name: string, kind: string, Example]>([
  ['the same conversation goes on', 'kept', { kept: 4, steps: [ask] }],
  [
    'an answer with other blank space around it is the same',
    'kept',
    {
      wanted: { turns: [user('a'), assistant('\n b '), user('c'), assistant('d\n')] },
      kept: 4,
      steps: [ask],
    },
  ],
  [
    'a question with other blank space around it is another one',
    'rewound',
    {
      wanted: { turns: [user('a'), assistant('b'), user('c '), assistant('d')] },
      kept: 2,
      steps: [{ type: 'rewind', uuids: ['u2'] }, { type: 'replay', turns: [user('c '), assistant('d')] }, ask],
    },
  ],
  [
    'a user’s message and an assistant’s with one text are two',
    'replayed',
    {
      wanted: { turns: [user('a'), user('b'), user('c'), assistant('d')] },
      kept: 0,
      steps: [
        { type: 'rewind', uuids: ['u2', 'u1'] },
        { type: 'replay', turns: [user('a'), user('b'), user('c'), assistant('d')] },
        ask,
      ],
    },
  ],
  [
    'an answer that was cut short',
    'rewound',
    {
      held: { rows: [user('a', 'u1'), assistant('b'), user('c', 'u2'), assistant('d, and more')] },
      kept: 2,
      steps: [{ type: 'rewind', uuids: ['u2'] }, { type: 'replay', turns: [user('c'), assistant('d')] }, ask],
    },
  ],
  [
    'the last question is asked again',
    'rewound',
    {
      wanted: { turns: [user('a'), assistant('b')], ask: user('c') },
      kept: 2,
      steps: [
        { type: 'rewind', uuids: ['u2'] },
        { type: 'ask', turn: user('c') },
      ],
    },
  ],
  [
    'more was said elsewhere',
    'replayed',
    {
      wanted: { turns: [...WANTED.turns, user('f'), assistant('g')] },
      kept: 4,
      steps: [{ type: 'replay', turns: [user('f'), assistant('g')] }, ask],
    },
  ],
  [
    'another conversation',
    'replayed',
    {
      wanted: { turns: [user('x'), assistant('y')] },
      kept: 0,
      steps: [{ type: 'rewind', uuids: ['u2', 'u1'] }, { type: 'replay', turns: [user('x'), assistant('y')] }, ask],
    },
  ],
  [
    'a conversation that begins',
    'fresh',
    {
      wanted: { turns: [] },
      kept: 0,
      steps: [{ type: 'rewind', uuids: ['u2', 'u1'] }, ask],
    },
  ],
  [
    'a message without a uuid cannot be rewound to, so the cut is before it',
    'replayed',
    {
      held: { rows: [user('a', 'u1'), assistant('b'), user('c'), assistant('other')] },
      kept: 0,
      steps: [{ type: 'rewind', uuids: ['u1'] }, { type: 'replay', turns: WANTED.turns }, ask],
    },
  ],
  [
    'another system prompt, which can be changed in mid-conversation',
    'kept',
    {
      wanted: { system: 'T' },
      kept: 4,
      steps: [{ type: 'set-system', system: 'T' }, ask],
    },
  ],
  [
    'another system prompt, which can be changed only while nothing is held',
    'replayed',
    {
      wanted: { system: 'T' },
      abilities: { systemPrompt: 'when-empty' },
      kept: 0,
      steps: [
        { type: 'rewind', uuids: ['u2', 'u1'] },
        { type: 'set-system', system: 'T' },
        { type: 'replay', turns: WANTED.turns },
        ask,
      ],
    },
  ],
  [
    'another model, and a limit',
    'fresh',
    {
      wanted: { model: 'haiku', settings: { maxOutputTokens: 9, reasoning: 'low' }, turns: [] },
      kept: 0,
      steps: [
        { type: 'rewind', uuids: ['u2', 'u1'] },
        { type: 'set-model', model: 'haiku' },
        { type: 'set', settings: { maxOutputTokens: 9, reasoning: 'low' } },
        ask,
      ],
    },
  ],
  [
    'a process that was told no system prompt yet',
    'replayed',
    {
      held: { system: undefined, rows: [] },
      wanted: { turns: [user('a'), assistant('b')] },
      kept: 0,
      steps: [{ type: 'open', system: 'S' }, { type: 'replay', turns: [user('a'), assistant('b')] }, ask],
    },
  ],
  [
    'a history that cannot be replayed is part of the question',
    'replayed',
    {
      held: { rows: [] },
      wanted: { turns: [user('a'), assistant('b')] },
      abilities: { replay: 'none' },
      kept: 0,
      steps: [{ type: 'ask', turn: user('User: a\nAssistant: b\nUser: e') }],
    },
  ],
  [
    'calls go on as they are where the same functions are offered',
    'kept',
    {
      held: { functions: [WEATHER], rows: CALLED_ROWS },
      wanted: { functions: [structuredClone(WEATHER)], turns: CALLED },
      kept: 6,
      steps: [ask],
    },
  ],
  [
    'calls are told anew where other functions are offered, from the message that led to them on',
    'rewound',
    {
      held: { functions: [WEATHER], rows: CALLED_ROWS },
      wanted: { functions: [CLOCK, WEATHER], turns: CALLED },
      kept: 2,
      steps: [
        { type: 'rewind', uuids: ['u2'] },
        { type: 'offer', functions: [CLOCK, WEATHER] },
        { type: 'replay', turns: CALLED.slice(2) },
        ask,
      ],
    },
  ],
  [
    'other functions change nothing of what has no calls',
    'kept',
    {
      held: { functions: [WEATHER] },
      wanted: { functions: [{ ...WEATHER, description: 'It is.' }] },
      kept: 4,
      steps: [{ type: 'offer', functions: [{ ...WEATHER, description: 'It is.' }] }, ask],
    },
  ],
  [
    'functions are no longer offered',
    'kept',
    { held: { functions: [WEATHER] }, kept: 4, steps: [{ type: 'offer', functions: [] }, ask] },
  ],
  [
    'the choice of a function is set again where that is offered anew',
    'kept',
    {
      held: { functions: [WEATHER], settings: WEATHER_CHOSEN },
      wanted: { functions: [WEATHER, CLOCK], settings: WEATHER_CHOSEN },
      kept: 4,
      steps: [{ type: 'offer', functions: [WEATHER, CLOCK] }, { type: 'set', settings: WEATHER_CHOSEN }, ask],
    },
  ],
  [
    'a choice that names no function is not',
    'kept',
    {
      held: { functions: [WEATHER], settings: { ...SETTINGS, choice: { of: 'required', parallel: true } } },
      wanted: { functions: [CLOCK], settings: { ...SETTINGS, choice: { of: 'required', parallel: true } } },
      kept: 4,
      steps: [{ type: 'offer', functions: [CLOCK] }, ask],
    },
  ],
  [
    'what came of a call is told otherwise, so the message that led to it goes too',
    'rewound',
    {
      held: { functions: [WEATHER], rows: CALLED_ROWS },
      wanted: { functions: [WEATHER], turns: CALLED.slice(0, 4), ask: resulting(['c1', 's']) },
      kept: 2,
      steps: [
        { type: 'rewind', uuids: ['u2'] },
        { type: 'replay', turns: CALLED.slice(2, 4) },
        { type: 'ask', turn: resulting(['c1', 's']) },
      ],
    },
  ],
  [
    'a call with its arguments in another order is the same',
    'kept',
    {
      held: { functions: [WEATHER], rows: [user('a', 'u1'), calling('', ['c1', 'weather', { x: 1, y: 2 }])] },
      wanted: {
        functions: [WEATHER],
        turns: [user('a'), calling(' ', ['c1', 'weather', { y: 2, x: 1 }])],
        ask: resulting(['c1', 'r']),
      },
      kept: 2,
      steps: [{ type: 'ask', turn: resulting(['c1', 'r']) }],
    },
  ],
  [
    'another picture is another message',
    'rewound',
    {
      held: {
        rows: [user('a', 'u1'), assistant('b'), { ...withPicture('c', 'AAAA'), uuid: 'u2' }, assistant('d')],
      },
      wanted: { turns: [user('a'), assistant('b'), withPicture('c', 'BBBB'), assistant('d')] },
      kept: 2,
      steps: [
        { type: 'rewind', uuids: ['u2'] },
        { type: 'replay', turns: [withPicture('c', 'BBBB'), assistant('d')] },
        ask,
      ],
    },
  ],
  [
    'a history that is held is no part of the question, though none could be replayed',
    'kept',
    {
      abilities: { replay: 'none' },
      kept: 4,
      steps: [ask],
    },
  ],
])('[WP1] [WP2] [WP9] %s: %s', (_, kind, { held, wanted, abilities, kept, steps }) => {
  const alignment = align({ ...HELD, ...held }, { ...WANTED, ...wanted }, { ...ABLE, ...abilities })
  expect(alignment).toMatchObject({ kind, kept, steps })
})

test.each<readonly [string, Partial<Held>, Partial<Wanted>, Partial<Abilities>]>([
  ['functions are wanted', {}, { functions: [WEATHER] }, { functions: false }],
  ['functions are held', { functions: [WEATHER] }, {}, { functions: false }],
  [
    'the choice of a function is to be set again, and settings cannot be',
    { functions: [WEATHER], settings: WEATHER_CHOSEN },
    { functions: [CLOCK], settings: WEATHER_CHOSEN },
    { liveSettings: false },
  ],
])('[FN12] [WP9] a process that cannot do it serves no request where %s', (_, held, wanted, abilities) => {
  expect(align({ ...HELD, ...held }, { ...WANTED, ...wanted }, { ...ABLE, ...abilities })).toBeUndefined()
})

test('[FN12] one that cannot be offered functions serves where there are none, also calls in its history', () => {
  const wanted = { ...WANTED, turns: CALLED }
  expect(align({ ...HELD, rows: CALLED_ROWS }, wanted, { ...ABLE, functions: false })).toMatchObject({ kind: 'kept' })
})

test('what is told alone costs more than what is told in bulk', () => {
  const costOf = (turns: readonly Turn[]): number => align({ ...HELD, rows: [] }, { ...WANTED, turns }, ABLE)?.cost ?? 0
  expect(costOf([user('a'), assistant('b')])).toBeLessThan(costOf([withPicture('a'), assistant('b')]))
  expect([user('a'), calling('', ['c', 'f']), resulting(['c', 'r']), withPicture('')].map(isToldAlone)).toEqual([
    false,
    false,
    true,
    true,
  ])
})
