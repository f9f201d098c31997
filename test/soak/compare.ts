/** Whether a request to the model API says what was wanted, all of it and nothing else. */
import type { Sent } from './sent.ts'
import type { Said, Wanted } from './wanted.ts'

const SHOWN_CHARS = 160
const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}… (${text.length})`
}

/** Blank space around an answer does not count (WP2); the CLI ends a text with a line break where it joins it to the next. */
const isSame = (wanted: Said, sent: Said): boolean =>
  wanted.role === sent.role &&
  (wanted.role === 'assistant'
    ? wanted.text.trim() === sent.text.trim()
    : sent.text === wanted.text || sent.text === `${wanted.text}\n`)

function saidProblem(wanted: readonly Said[], sent: readonly Said[]): string | undefined {
  for (let index = 0; index < Math.max(wanted.length, sent.length); index++) {
    const [want, got] = [wanted[index], sent[index]]
    if (want !== undefined && got !== undefined && isSame(want, got)) continue
    return `text ${index} of ${wanted.length}: ${shown(want)} was wanted, ${shown(got)} of ${sent.length} sent`
  }
  return undefined
}

/** By itself the CLI asks for what the model has; nobody here asks for so much. */
const LEAST_OF_ITSELF = 8000

function settingsProblem({ maxTokens, effort }: Wanted, sent: Sent): string | undefined {
  if (maxTokens !== undefined && sent.maxTokens !== maxTokens)
    return `max_tokens: ${maxTokens} was wanted, ${sent.maxTokens} sent`
  if (maxTokens === undefined && (sent.maxTokens ?? 0) < LEAST_OF_ITSELF)
    return `max_tokens: none was wanted, ${sent.maxTokens} sent`
  if (sent.thinks !== (effort !== 'none')) return `thinking: ${effort} was wanted, ${sent.thinks} sent`
  const wantedEffort = effort === 'none' ? 'low' : effort
  return sent.effort === wantedEffort ? undefined : `effort: ${wantedEffort} was wanted, ${sent.effort} sent`
}

/** What is wrong with it; `undefined` where nothing is. */
export function problemOf(wanted: Wanted, sent: Sent): string | undefined {
  if (sent.tools > 0) return `${sent.tools} tools were sent`
  if (!sent.model.includes(wanted.model)) return `model: ${wanted.model} was wanted, ${sent.model} sent`
  const system = wanted.system === '' ? [] : [wanted.system]
  if (JSON.stringify(system) !== JSON.stringify(sent.system))
    return `system: ${shown(system)} was wanted, ${shown(sent.system)} sent`
  return saidProblem(wanted.said, sent.said) ?? settingsProblem(wanted, sent)
}
