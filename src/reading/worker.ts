/** A thread that reads what callers send, one thing at a time. */
import { parentPort } from 'node:worker_threads'
import { GatewayError, type ErrorCode } from '../core/index.ts'
import { READINGS, type GivenOf, type Kind } from './readings.ts'

/** What a thread is asked. */
export interface Asked<K extends Kind = Kind> {
  readonly kind: K
  readonly given: GivenOf<K>
}

/** A GatewayError as it crosses to another thread: what the caller is sent. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
  readonly param: string | undefined
}

export type Replied =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly refusal: Refusal }

async function reply<K extends Kind>({ kind, given }: Asked<K>): Promise<Replied> {
  try {
    return { ok: true, result: await READINGS[kind].read(given) }
  } catch (error) {
    // Anything else is a defect, which ends the thread and is seen outside.
    if (!(error instanceof GatewayError)) throw error
    const { code, message, param } = error
    return { ok: false, refusal: { code, message, param } }
  }
}

if (parentPort === null) throw new Error('this module is a worker')
const port = parentPort
port.on('message', (asked: Asked) => void reply(asked).then((replied) => port.postMessage(replied)))
