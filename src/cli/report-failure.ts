import type { CommandError } from './command-error.ts'
import { harmless, harmlessJson } from './harmless.ts'
import type { World } from './world.ts'

/** One message on stderr, or `{"error": …}`. */
export function reportFailure(error: CommandError, { stderr }: World, { json }: { readonly json: boolean }): void {
  const { message, code, details } = error
  stderr.write(
    json ? `${harmlessJson({ error: { message, code, ...details } })}\n` : `vivavoce: ${harmless(message)}\n`,
  )
}
