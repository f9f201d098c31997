import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Admission, KeyCheck, WrongKeys } from '../access/index.ts'
import type { Conversations } from '../conversations/index.ts'
import type { CliState, Clock, Observer, Offer, PoolFigures, TurnEngine, TurnLimits } from '../core/index.ts'
import type { Jobs } from '../jobs/index.ts'
import type { Background } from './background.ts'
import type { ClientAddress } from './client-address.ts'
import type { RequestAccount } from './request-account.ts'

/** What the edge needs; `main.ts` constructs all of it. */
export interface AppDeps {
  /** Behind the admission, with workspaces for doers. */
  readonly engine: TurnEngine
  readonly conversations: Conversations
  readonly jobs: Jobs
  /** Why no callback is sent to an address, and why nothing is pushed to a branch, as parts of sentences for the caller. */
  readonly callbackProblem: (url: string) => string | undefined
  readonly pushProblem: (branch: string) => string | undefined
  readonly admission: Admission
  readonly tenantOf: KeyCheck
  readonly wrongKeys: WrongKeys
  /** As it is in force just now. */
  readonly offer: () => Offer
  /** Of pages that may call from a browser; `*` is any. */
  readonly corsOrigins: readonly string[]
  readonly talkerLimits: TurnLimits
  readonly doerLimits: TurnLimits
  readonly budgetUsd: number
  /** The most that a job may ask for. */
  readonly jobCeilings: { readonly timeoutMs: number; readonly budgetUsd: number }
  readonly headerHoldMs: number
  readonly keepAliveMs: number
  /** How long a client of a stream may take nothing. */
  readonly writeTimeoutMs: number
  readonly maxBodyBytes: number
  readonly version: string
  /** Pages that are served below `/docs/`, by the rest of their path. */
  readonly documents: ReadonlyMap<string, string>
  /** Of the processes that are kept, where any are. */
  readonly poolFigures: () => PoolFigures | undefined
  readonly cliState: () => CliState
  readonly rehearsal: boolean
  readonly clientAddress: ClientAddress
  readonly clock: Clock
  readonly observer: Observer
  readonly background: Background
  /** Aborts when the server stops; its reason is the error that callers get. */
  readonly stopping: AbortSignal
}

export interface AppEnv {
  /** Empty where the app is asked without a server. */
  Bindings: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse }
  Variables: {
    requestId: string
    /** Absent where the connection is closed already. */
    clientAddress: string | undefined
    /** What the log says of the request in the end. */
    account: RequestAccount
    /** Whose key was presented. */
    tenant: string
    /** The body of a request that has one, as text. */
    body: string
    /** Counts requests by when they began to arrive. */
    arrival: number
    /** Aborts when the caller leaves. */
    caller: AbortSignal
    /** Of a response that is streamed: resolves when its last byte was handed on, or the caller left. */
    streamed: Promise<void> | undefined
    /** A chat agent's response is to be streamed. */
    isListening: boolean | undefined
  }
}
