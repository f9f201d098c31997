import { expect, test } from 'vitest'
import { ABLE } from '../../../test/support/histories.ts'
import type { Turn } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import { align, type Held, type Step, type Wanted } from './align.ts'

const SETTINGS = { maxOutputTokens: undefined, reasoning: 'none' } as const
const user = (text: string, uuid?: string): Turn => ({ role: 'user', text, ...(uuid === undefined ? {} : { uuid }) })
const assistant = (text: string): Turn => ({ role: 'assistant', text })

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
