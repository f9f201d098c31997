import type { Context } from 'hono'
import type { Readers } from '../reading/index.ts'
import type { AppEnv } from './deps.ts'

type BodyKind = 'chat' | 'conversational' | 'job'

/** What the body asks for; the body is gone then. @throws GatewayError where it cannot be read. */
export const readBody = <K extends BodyKind>(
  { readers }: { readonly readers: Readers },
  c: Context<AppEnv>,
  kind: K,
): ReturnType<typeof readers.read<K>> =>
  readers.read(
    kind,
    { pieces: c.get('body'), contentType: c.req.header('content-type') ?? null },
    {
      tenant: c.get('tenant'),
      signal: c.get('caller'),
    },
  )
