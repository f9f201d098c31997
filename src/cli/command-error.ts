interface CommandErrorOptions {
  readonly cause?: unknown
  /** For scripts: one of the server's codes, or one of `failed`, `usage`, `unreachable`, `unexpected_reply`, `interrupted`. */
  readonly code?: string
  readonly exitCode?: number
  /** What a script may want to know besides: the status, the id, how long to wait. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** What whoever typed the command can do something about: told in one message, without a stack. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly code: string
  readonly exitCode: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(message: string, { cause, code = 'failed', exitCode = 1, details = {} }: CommandErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.exitCode = exitCode
    this.details = details
  }

  /** The same failure, of which more is known. */
  with(more: string, details: Readonly<Record<string, unknown>> = {}): CommandError {
    const { code, exitCode, cause } = this
    return new CommandError(`${this.message}${more}`, {
      code,
      exitCode,
      cause,
      details: { ...this.details, ...details },
    })
  }
}

/** The command line is at fault. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
  constructor(message: string) {
    super(message, { code: 'usage', exitCode: 2 })
  }
}

/** There was no reply, or it broke off. */
export class ConnectionError extends CommandError {
  override readonly name = 'ConnectionError'
  /** The server may have got the request. */
  readonly isBroken: boolean
  constructor(message: string, { cause, isBroken }: { readonly cause: unknown; readonly isBroken: boolean }) {
    super(message, { code: 'unreachable', cause })
    this.isBroken = isBroken
  }
}
