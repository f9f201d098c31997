/** What no reply may tell: paths of the machine, the trace of a failure, the words of the CLI and of libraries. */
import { homedir, tmpdir } from 'node:os'
import type { Fault } from './judge.ts'
import { shortened } from './fuzz-case.ts'

const WORDS = [
  'node:internal',
  'node_modules',
  '.ts:',
  '/secret.js',
  'API Error',
  'Please run /login',
  'Prompt is too long',
  'Request timed out',
  'Credit balance',
  'tool_use_error',
  'Called the Read tool',
  'Unexpected token',
  'Unexpected end of',
  'is not iterable',
  'is not a function',
  'Cannot read properties',
  'Cannot destructure',
  'Maximum call stack',
  'Invalid string length',
  'Invalid input',
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  '[object Object]',
  'rehearsal API',
  'stage direction',
] as const

const STACK = /\n\s+at .+[:(]\d+/

/** Tells what of it a text holds, unless its client said so itself. `/health` tells where the CLI is, and nothing of a failure. */
export function unspeakableIn(
  text: string,
  { said, path, secrets }: { readonly said: string; readonly path: string; readonly secrets: readonly string[] },
): readonly Fault[] {
  const places = [homedir(), tmpdir(), process.cwd()].filter((one) => one.length > 1)
  const words = path.startsWith('/health') ? [] : [...WORDS, ...places]
  const found = [...words, ...secrets].filter((word) => text.includes(word) && !said.includes(word))
  const stack = STACK.test(text) && !STACK.test(said) ? ['a stack'] : []
  return [...found, ...stack].map((word) => ({
    what: 'a reply tells what it must not',
    detail: `${word}: ${shortened(text)}`,
  }))
}
