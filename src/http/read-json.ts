import { GatewayError } from '../core/index.ts'
import { parseJson } from '../lib/index.ts'

/** The body as a JSON value. @throws GatewayError `invalid_request` when it is none. */
export async function readJson(request: { text(): Promise<string> }): Promise<unknown> {
  const text = await request.text()
  const parsed = parseJson(text)
  if (parsed.ok) return parsed.value
  throw new GatewayError(
    'invalid_request',
    text.trim() === '' ? 'The body is empty; a JSON object is expected.' : 'The body is not valid JSON.',
  )
}
