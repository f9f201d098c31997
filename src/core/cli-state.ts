import { GatewayError } from './error.ts'

/** Something that the CLI cannot do, or is not yet known to do, and what the gateway does instead. */
export interface MissingCapability {
  readonly capability: string
  /** `unknown`: its trial did not come to an end. It is repeated in the background. */
  readonly status: 'missing' | 'unknown'
  /** What the gateway does instead and what that costs, as a sentence for the operator. */
  readonly cost: string
}

/** A check of the CLI that goes on: whether callers' text is inert to it, and what it can do. */
export interface CliVerification {
  readonly status: 'verifying'
  /** `replaced`: the binary of a running server has changed. */
  readonly reason: 'start' | 'replaced'
  /** Of the binary that is verified. */
  readonly path: string
  readonly sinceMs: number
  /** 1 for the first. */
  readonly attempt: number
  /** Why the attempt before decided nothing and what to do about it, as a sentence for the operator. */
  readonly problem?: string
}

/** The CLI must not be served. */
export interface RefusedCli {
  readonly status: 'refused'
  readonly path: string
  /** What is wrong and what to do, as a sentence for the operator. */
  readonly problem: string
}

/** The CLI serves. */
export interface ReadyCli {
  readonly status: 'ready'
  readonly version: string
  /** Absolute, links followed. */
  readonly path: string
  readonly missing: readonly MissingCapability[]
  /** The binary has changed: the new one is verified, or must not be served; processes of the one before go on serving. */
  readonly replacement?: CliVerification | RefusedCli
}

/** What the gateway knows of its CLI. */
export type CliState = CliVerification | ReadyCli | RefusedCli

const RETRY_AFTER_SECONDS = 5

/** Why a CLI in this state serves nobody. */
export const notServedError = ({ status }: CliVerification | RefusedCli): GatewayError =>
  status === 'verifying'
    ? new GatewayError('starting', 'The server verifies its Claude Code CLI before it serves. Try again shortly.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    : new GatewayError(
        'cli_unavailable',
        'The Claude Code CLI of this server cannot be served. Its operator must look at the log.',
      )
