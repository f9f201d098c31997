/** What the log says of a request besides its path and status, gathered while it is served. */
import {
  toTokenFigures,
  type Agent,
  type Clock,
  type ErrorCode,
  type RequestFigures,
  type TurnEvent,
  type TurnWatch,
} from '../core/index.ts'

export interface RequestAccount extends TurnWatch {
  readonly figures: RequestFigures
  chose(choice: { readonly agent: Agent; readonly model: string }): void
  failed(code: ErrorCode): void
}

export function createRequestAccount({ clock }: { readonly clock: Clock }): RequestAccount {
  const startedAtMs = clock.nowMs()
  const figures: { -readonly [Name in keyof RequestFigures]: RequestFigures[Name] } = {}
  const sinceStartMs = (): number => clock.nowMs() - startedAtMs
  return {
    figures,
    chose({ agent, model }) {
      figures.agent = agent.name
      figures.model = model
    },
    failed(code) {
      figures.code = code
    },
    admitted() {
      figures.queuedMs ??= sinceStartMs()
    },
    event(event: TurnEvent) {
      if (event.type === 'turn-failed') return
      figures.firstTokenMs ??= sinceStartMs()
      if (event.type === 'turn-end') Object.assign(figures, toTokenFigures(event.usage))
    },
  }
}
