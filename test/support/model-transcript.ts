/** What the CLI does with the steps of an alignment: a model of its transcript, which refuses what the CLI would refuse. */
import { hasCalls, hasResults, serverName, type Settings, type Turn } from '../../src/claude/protocol/index.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import type { Held, Row, Step } from '../../src/claude/warm/align.ts'
import type { ClientFunction } from '../../src/core/index.ts'

/** What a question is asked with, as the model is sent it. */
export interface Told {
  readonly system: string | undefined
  readonly model: string
  readonly settings: Settings | undefined
  readonly functions: readonly ClientFunction[]
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

/** Why the model API would not take these messages. */
export function findStray(messages: readonly Turn[]): string | undefined {
  for (const [index, turn] of messages.entries()) {
    const before = messages[index - 1]
    const isOpen = before !== undefined && hasCalls(before)
    if (isOpen !== hasResults(turn))
      return isOpen ? 'calls without results behind them' : 'results without calls before them'
  }
  return undefined
}

/** A row, and the tool server that its calls are named for. */
interface ToldRow extends Row {
  readonly server: string
}

export function createModelTranscript(
  start: Held,
  { replay, rewind, systemPrompt, switchModel, liveSettings, functions: offers }: Abilities,
): ModelTranscript {
  let { system, model, settings, functions } = start
  /** The tool server that offers the functions, and the one that the choice of a function is named for. */
  let server = serverName(functions)
  let chosenFor = server
  let rows: readonly ToldRow[] = start.rows.map((row) => ({ ...row, server }))
  let asked: Turn | undefined
  let lastUuid = 0

  const refuse = (what: string): never => {
    throw new Error(`refused: ${what}`)
  }
  const known = (turn: Turn): ToldRow =>
    hasResults(turn) ? { ...turn, server } : { ...turn, server, uuid: `told-${++lastUuid}` }

  function rewindTo(uuid: string): void {
    const index = rows.findIndex((row) => row.uuid === uuid)
    const row = rows[index] ?? refuse(`no message ${uuid}`)
    if (row.role !== 'user' || hasResults(row)) refuse('only what a user said can be rewound to')
    const isNewest = !rows.slice(index + 1).some((later) => later.uuid !== undefined)
    if (rewind !== 'jump' && !isNewest) refuse('only the newest message can be rewound to')
    rows = rows.slice(0, index)
  }

  function tell(turns: readonly Turn[]): void {
    if (replay === 'none') refuse('it takes no earlier messages')
    for (const turn of turns) {
      const isAlone = replay === 'steps' || rows.length === 0 || turn.blocks !== undefined
      rows = [...rows, turn.role === 'user' && isAlone ? known(turn) : { ...turn, server }]
    }
  }

  function ask(turn: Turn): void {
    asked = turn
    const stray = findStray([...rows, turn])
    if (stray !== undefined) refuse(stray)
    if (rows.some((row) => hasCalls(row) && row.server !== server)) refuse('calls are named for another server')
    if (typeof settings?.choice?.of === 'object' && chosenFor !== server)
      refuse('the choice is named for another server')
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
      case 'offer':
        if (!offers) refuse('it cannot be offered functions')
        ;({ functions } = step)
        server = serverName(functions)
        break
      case 'set':
        if (!liveSettings) refuse('its settings cannot be changed')
        chosenFor = server
        ;({ settings } = step)
        break
      case 'replay':
        tell(step.turns)
        break
      case 'ask':
        ask(step.turn)
        break
    }
  }

  return {
    perform(steps) {
      for (const step of steps) carryOut(step)
      const turn = asked ?? refuse('nothing was asked')
      return { system, model, settings, functions, messages: [...rows, turn] }
    },
    settle(said) {
      const turn = asked ?? refuse('nothing was asked')
      asked = undefined
      if (said !== undefined) rows = [...rows, known(turn), { role: 'assistant', text: said, server }]
      // What came of calls is no place to go back to.
      else if (hasResults(turn))
        rows = rows.slice(
          0,
          rows.findLastIndex(({ uuid }) => uuid !== undefined),
        )
    },
    get held() {
      return { system, model, settings, functions, rows }
    },
  }
}
