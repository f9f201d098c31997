/** What the CLI does with the steps of an alignment: a model of its transcript, which refuses what the CLI would refuse. */
import type { Settings, Turn } from '../../src/claude/protocol/index.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import type { Held, Row, Step } from '../../src/claude/warm/align.ts'

/** What a question is asked with, as the model is sent it. */
export interface Told {
  readonly system: string | undefined
  readonly model: string
  readonly settings: Settings | undefined
  /** The question is the last of them. */
  readonly messages: readonly Turn[]
}

export interface ModelTranscript {
  /** Carries out the steps, the last of which asks. @throws Error where the CLI would refuse or do something else. */
  perform(steps: readonly Step[]): Told
  /** What became of the question: the answer that the transcript shall hold, or `undefined` where it shall hold neither. */
  settle(said: string | undefined): void
  /** What it holds, as its owner knows it. */
  readonly held: Held
}

export function createModelTranscript(
  start: Held,
  { replay, rewind, systemPrompt, switchModel, liveSettings }: Abilities,
): ModelTranscript {
  let { system, model, settings } = start
  let rows: readonly Row[] = start.rows
  let asked: string | undefined
  let lastUuid = 0

  const refuse = (what: string): never => {
    throw new Error(`refused: ${what}`)
  }
  const known = (turn: Turn): Row => ({ ...turn, uuid: `told-${++lastUuid}` })

  function rewindTo(uuid: string): void {
    const index = rows.findIndex((row) => row.uuid === uuid)
    const row = rows[index] ?? refuse(`no message ${uuid}`)
    if (row.role !== 'user') refuse('only a user’s message can be rewound to')
    const isNewest = !rows.slice(index + 1).some((later) => later.uuid !== undefined)
    if (rewind !== 'jump' && !isNewest) refuse('only the newest message can be rewound to')
    rows = rows.slice(0, index)
  }

  function tell(turns: readonly Turn[]): void {
    if (replay === 'none') refuse('it takes no earlier messages')
    for (const turn of turns) {
      const isKnown = turn.role === 'user' && (replay === 'steps' || rows.length === 0)
      rows = [...rows, isKnown ? known(turn) : turn]
    }
  }

  function carryOut(step: Step): void {
    if (asked !== undefined) refuse('a question is under way')
    if (system === undefined && step.type !== 'open' && step.type !== 'set') refuse('it was told no system prompt yet')
    switch (step.type) {
      case 'open':
        if (system !== undefined) refuse('it was told a system prompt before')
        ;({ system } = step)
        break
      case 'rewind':
        if (rewind === 'none') refuse('it cannot be rewound')
        for (const uuid of rewind === 'jump' ? step.uuids.slice(-1) : step.uuids) rewindTo(uuid)
        break
      case 'set-system':
        if (systemPrompt === 'fixed') refuse('its system prompt is fixed')
        if (systemPrompt === 'when-empty' && rows.length > 0) refuse('it holds something')
        ;({ system } = step)
        break
      case 'set-model':
        if (!switchModel || rows.length > 0) refuse('its model cannot be changed')
        ;({ model } = step)
        break
      case 'set':
        if (!liveSettings) refuse('its settings cannot be changed')
        ;({ settings } = step)
        break
      case 'replay':
        tell(step.turns)
        break
      case 'ask':
        asked = step.text
        break
    }
  }

  return {
    perform(steps) {
      for (const step of steps) carryOut(step)
      const text = asked ?? refuse('nothing was asked')
      return {
        system,
        model,
        settings,
        messages: [...rows.map(({ role, text: held }) => ({ role, text: held })), { role: 'user', text }],
      }
    },
    settle(said) {
      const text = asked ?? refuse('nothing was asked')
      asked = undefined
      if (said === undefined) return
      rows = [...rows, known({ role: 'user', text }), { role: 'assistant', text: said }]
    },
    get held() {
      return { system, model, settings, rows }
    },
  }
}
