import type { Context } from 'hono'
import { GatewayError, systemClock } from '../core/index.ts'
import { parseJson } from '../lib/index.ts'
import type { AppEnv } from './deps.ts'

/** The body as text. @throws the signal's reason when the caller leaves while it is sent. */
export async function readText(c: Context<AppEnv>): Promise<string> {
  try {
    return await c.req.text()
  } catch (error) {
    // The connection closed in the middle of the body; the response's close is about to tell the same.
    if (error instanceof GatewayError) throw error
    const signal = c.get('caller')
    await closed(signal)
    signal.throwIfAborted()
    throw error
  }
}

const CLOSE_FOLLOWS_MS = 100

/** Waits a moment for the signal to abort. */
const closed = async (signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  using _late = systemClock.after(CLOSE_FOLLOWS_MS, resolve)
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
}

/** The body as a JSON value. @throws GatewayError `invalid_request` when it is none. */
export async function readJson(c: Context<AppEnv>): Promise<unknown> {
  const text = await readText(c)
  const parsed = parseJson(text)
  if (parsed.ok) return parsed.value
  throw new GatewayError(
    'invalid_request',
    text.trim() === '' ? 'The body is empty; a JSON object is expected.' : 'The body is not valid JSON.',
  )
}
