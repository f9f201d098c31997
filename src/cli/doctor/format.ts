import { wrap } from '../command-line/index.ts'
import { harmless } from '../harmless.ts'
import type { Finding, State } from './check.ts'

const WIDTH = 100
const INDENT = ' '.repeat(6)

const LABELS: { readonly [Of in State]: string } = { ok: 'ok', warn: 'warn', fail: 'FAIL', skip: 'skip' }

/** What was found, then what to do, in lines of at most 100 columns. */
export function formatFinding(name: string, { state, found, advice }: Finding): string {
  const lines = (text: string): string => `${wrap(harmless(text), INDENT, WIDTH)}\n`
  return `${LABELS[state].padEnd(INDENT.length)}${lines(`${name}: ${found}`)}${advice === undefined ? '' : INDENT + lines(advice)}`
}
