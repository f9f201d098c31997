/** What a kept process is wanted to hold for a request. Pure. */
import {
  goesOnFromCalls,
  mustCall,
  type ClientFunction,
  type ClientFunctions,
  type History,
  type TurnRequest,
} from '../../core/index.ts'
import {
  checkSystemPrompt,
  describeFunctions,
  toFunctionName,
  toPrompt,
  withoutDialect,
  type PersonaMode,
  type Settings,
} from '../protocol/index.ts'
import type { Wanted } from './align.ts'

/** What the model is told of the function that takes an answer. */
const ANSWER_DESCRIPTION = 'Gives your answer. Call it once, with all of the answer.'

export interface WantedTurn {
  readonly wanted: Wanted
  /** The function whose arguments are the answer, where that is to satisfy a schema. */
  readonly answerName?: string
}

/** A name that the client does not use. */
const answerNameBeside = (offered: readonly ClientFunction[]): string => {
  let name = 'answer'
  while (offered.some((one) => one.name === name)) name += '_'
  return name
}

/** Functions that a history has calls of: the model API takes no calls of what is not offered. */
const calledIn = (history: History): readonly ClientFunction[] => {
  const names = history.flatMap((message) =>
    message.role === 'assistant' ? (message.calls ?? []).map(({ name }) => toFunctionName(name)) : [],
  )
  return [...new Set(names)].map((name) => ({ name, description: '', parameters: { type: 'object' } }))
}

interface Offer {
  readonly functions: readonly ClientFunction[]
  readonly choice?: NonNullable<Settings['choice']>
  readonly answerName?: string
}

/** An answer to a schema is the call of a function that takes it; others may be called instead, where the client has some. */
function offerOf({ functions, history, outputSchema }: TurnRequest): Offer {
  const { offered, choice, parallel }: ClientFunctions = functions ?? {
    offered: calledIn(history),
    choice: 'none',
    parallel: true,
  }
  if (outputSchema === undefined || mustCall({ functions })) {
    if (offered.length === 0) return { functions: [] }
    return {
      functions: offered,
      // As the model likes is as the model API has it.
      ...(choice === 'auto' && parallel ? {} : { choice: { of: choice, parallel } }),
    }
  }
  const answerName = answerNameBeside(offered)
  return {
    functions: [
      ...offered,
      { name: answerName, description: ANSWER_DESCRIPTION, parameters: withoutDialect(outputSchema) },
    ],
    choice: choice === 'none' ? { of: { name: answerName }, parallel: false } : { of: 'required', parallel },
    answerName,
  }
}

export function toWanted(request: TurnRequest, { persona }: { readonly persona: PersonaMode }): WantedTurn {
  const { agent, history, model, maxOutputTokens, reasoning = 'none', sampling, stopTexts = [] } = request
  const prompt = toPrompt(history, { persona: agent.prompt, mode: persona })
  const { functions, choice, answerName } = offerOf(request)
  // Blank ones are met by ourselves alone; an answer to a schema has none.
  const sentStops = answerName === undefined ? stopTexts.filter((text) => text.trim() !== '') : []
  const settings: Settings = {
    maxOutputTokens,
    // The model API lets nobody think who must call, nor who goes on from calls without the thoughts that led to them, which
    // no client keeps.
    reasoning: mustCall(request) || goesOnFromCalls(history) ? 'none' : reasoning,
    ...(sampling === undefined ? {} : { sampling }),
    ...(sentStops.length === 0 ? {} : { stopTexts: sentStops }),
    ...(choice === undefined ? {} : { choice }),
  }
  const system = [prompt.system, describeFunctions(functions)].filter((text) => text !== '').join('\n\n')
  checkSystemPrompt(system)
  return {
    wanted: { ...prompt, system, model, settings, functions },
    ...(answerName === undefined ? {} : { answerName }),
  }
}
