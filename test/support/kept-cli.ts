/**
 * A child of the CLI in memory, for what keeps a process: it takes and prints the CLI's lines and keeps a transcript as the
 * CLI does, uuids that may be used once included. It keeps the public face of `CliProcess`. A test makes it misbehave by
 * what it answers, and by what becomes of a message on its way out.
 */
import type { CliProcess, Exit } from '../../src/claude/process/index.ts'
import type { Settings, Turn } from '../../src/claude/protocol/index.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import type { StopCause } from '../../src/core/index.ts'
import type { Told } from './model-transcript.ts'

/** A message, a line as it stands, what reading fails with, or something that happens at this point. */
export type Printed = object | string | Error | (() => void)

const event = (inner: object): object => ({ type: 'stream_event', parent_tool_use_id: null, event: inner })

/** What the CLI prints in the course of a turn. */
export const begins = (): object => event({ type: 'message_start', message: { usage: { input_tokens: 3 } } })
export const says = (text: string): object =>
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
export const stops = (reason: string): object =>
  event({ type: 'message_delta', delta: { stop_reason: reason }, usage: { output_tokens: 2 } })
export const result = (rest: object = {}): object => ({
  type: 'result',
  subtype: 'success',
  is_error: false,
  result: '',
  ...rest,
})
export const answers = (text: string): readonly Printed[] => [begins(), says(text), stops('end_turn'), result()]

interface Line {
  readonly [name: string]: unknown
  readonly type?: string
}

interface Message extends Turn {
  readonly uuid?: string | undefined
  /** Told by a line of the user's: the one that is newest can be rewound to. */
  readonly prompt?: boolean
}

interface Request {
  readonly subtype: string
  readonly model: string
  readonly system_prompt?: string
  readonly systemPrompt?: readonly string[]
  readonly settings: { readonly effortLevel: string; readonly env: Readonly<Record<string, string>> }
  readonly target_message_uuid: string
  readonly last_seen_user_message_uuid?: string
  readonly cancel_queued?: boolean
}

export interface KeptCliOptions {
  readonly abilities: Abilities
  readonly held?: { readonly model: string }
  /** What it prints when it is asked; as long as no result is among it, the turn is under way. */
  readonly answer?: (text: string, index: number) => readonly Printed[]
  /** What is printed in the place of a message. */
  readonly tamper?: (message: object, index: number) => readonly Printed[]
}

export interface KeptCli {
  /** The child itself. */
  readonly child: CliProcess
  /** What the model was sent, a question each. */
  readonly asked: readonly Told[]
  /** What it was written, a line each. */
  readonly lines: readonly Line[]
  /** What it would send the model before a question. */
  readonly messages: readonly Turn[]
  readonly exitCause: StopCause | undefined
  /** How its end was asked for: the grace, or none where it was killed. */
  readonly graceMs: number | undefined
  /** Prints; what belongs to the turn under way becomes part of it. */
  print(...printed: readonly Printed[]): void
  /** It ends by itself. */
  die(code?: number): void
  /** It reads no more of what is written. */
  stall(): void
}

const textOf = (line: Line): string => {
  const { message } = line as { readonly message?: { readonly content: readonly { readonly text: string }[] } }
  return message?.content[0]?.text ?? ''
}

const isDelta = (printed: Line): string | undefined => {
  const { event: inner } = printed as {
    readonly event?: { readonly type: string; readonly delta?: { readonly text?: string } }
  }
  return inner?.type === 'content_block_delta' ? inner.delta?.text : undefined
}

let lastPid = 4_200_000

export function createKeptCli(options: KeptCliOptions): KeptCli {
  const { abilities, answer = () => answers('yes'), tamper = (message) => [message] } = options
  const queue: (string | Error)[] = []
  const lines: Line[] = []
  const asked: Told[] = []
  const usedUuids = new Set<string>()
  const exit = Promise.withResolvers<Exit>()
  const pid = ++lastPid
  let system: string | undefined
  let model = options.held?.model ?? 'sonnet'
  let settings: Settings | undefined
  let transcript: readonly Message[] = []
  /** Where the last boundary stands: what comes before is not sent. */
  let boundary = 0
  let running: { readonly uuid: string; requests: number; said: string } | undefined
  let cause: StopCause | undefined
  let graceMs: number | undefined
  let stalled = false
  let printedCount = 0
  let costUsd = 0
  let wake: () => void = () => undefined

  const visible = (): readonly Turn[] =>
    transcript.slice(boundary).flatMap(({ role, text }) => (text.trim() === '' ? [] : [{ role, text }]))
  const remember = (message: Message): void => {
    transcript = [...transcript, message]
  }

  function end(because: StopCause, code: number | null): void {
    if (cause !== undefined) return
    cause = because
    exit.resolve({ cause: because, code, signal: code === null ? 'SIGKILL' : null })
    wake()
  }

  /** A message of a turn changes what the transcript holds. */
  function follow(message: Line): object {
    if (running !== undefined) {
      const { event: inner } = message as { readonly event?: { readonly type: string } }
      if (inner?.type === 'message_start' && ++running.requests > 1) {
        remember({ role: 'assistant', text: running.said })
        remember({ role: 'user', text: 'Output token limit hit. Resume directly.' })
        running.said = ''
      }
      running.said += isDelta(message) ?? ''
    }
    if (message.type !== 'result' || running === undefined) return message
    remember({ role: 'assistant', text: message['is_error'] === true ? 'API Error' : running.said })
    running = undefined
    costUsd += 0.25
    return { total_cost_usd: costUsd, ...message }
  }

  function print(...all: readonly Printed[]): void {
    for (const printed of all) {
      if (cause !== undefined) return
      if (typeof printed === 'function') printed()
      else if (typeof printed === 'string' || printed instanceof Error) queue.push(printed)
      else {
        for (const one of tamper(follow(printed as Line), printedCount++)) {
          if (typeof one === 'function') one()
          else queue.push(typeof one === 'string' || one instanceof Error ? one : JSON.stringify(one))
        }
      }
    }
    wake()
  }

  const respond = (requestId: unknown, response: object): void =>
    print({ type: 'control_response', response: { request_id: requestId, ...response } })

  function rewind({ target_message_uuid: target, last_seen_user_message_uuid: newest }: Request): object {
    const index = transcript.findIndex(({ uuid }) => uuid === target)
    const latest = transcript.findLast(({ prompt }) => prompt === true)?.uuid
    if (running !== undefined) return { rewound: false, error: 'turn running' }
    if (index < 0 || abilities.rewind === 'none') return { rewound: false, error: 'target not found' }
    const isFree = target === latest || (abilities.rewind === 'jump' && newest === latest)
    if (!isFree) return { rewound: false, error: 'stale target' }
    transcript = transcript.slice(0, index)
    boundary = Math.min(boundary, index)
    return { rewound: true, targetMessageUuid: target }
  }

  function interrupt({ cancel_queued: cancels }: Request): object {
    if (running === undefined) return {}
    const { uuid, requests, said } = running
    if (requests === 0 && cancels === true) {
      running = undefined
      transcript = transcript.filter((message) => message.uuid !== uuid)
      return { cancelled: [uuid] }
    }
    return { said }
  }

  function control(requestId: unknown, request: Request): void {
    const succeed = (response: object = {}): void => respond(requestId, { subtype: 'success', response })
    switch (request.subtype) {
      case 'initialize':
        system ??= (request.systemPrompt ?? []).join('')
        return succeed()
      case 'set_model':
        if (model !== request.model) remember({ role: 'user', text: `(the model is ${request.model})` })
        ;({ model } = request)
        if (request.system_prompt !== undefined && (abilities.systemPrompt === 'live' || visible().length === 0))
          system = request.system_prompt === '__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__' ? '' : request.system_prompt
        return succeed({ model })
      case 'apply_flag_settings': {
        const { effortLevel, env } = request.settings
        const limit = env['CLAUDE_CODE_MAX_OUTPUT_TOKENS'] ?? ''
        settings = {
          maxOutputTokens: limit === '' ? undefined : Number(limit),
          reasoning: env['CLAUDE_CODE_DISABLE_THINKING'] === '1' ? 'none' : (effortLevel as Settings['reasoning']),
        }
        return succeed()
      }
      case 'rewind_conversation':
        return succeed(rewind(request))
      case 'interrupt': {
        const response = interrupt(request)
        succeed(response)
        if ('said' in response) print({ type: 'result', subtype: 'error_during_execution', is_error: true })
        return
      }
      case 'get_binary_version':
        return succeed({ version: '9.9.9' })
      default:
        respond(requestId, { subtype: 'error', error: `Unsupported control request subtype: ${request.subtype}` })
    }
  }

  function tellUser(line: Line): void {
    const uuid = String(line['uuid'])
    if (usedUuids.has(uuid)) return
    usedUuids.add(uuid)
    const text = textOf(line)
    if (line['shouldQuery'] === false) {
      remember({ role: 'user', text, uuid, prompt: true })
      return print({ type: 'result', subtype: 'success', is_error: false, num_turns: 0 })
    }
    asked.push({ system, model, settings, messages: [...visible(), { role: 'user', text }] })
    remember({ role: 'user', text, uuid, prompt: true })
    running = { uuid, requests: 0, said: '' }
    print(...answer(text, asked.length - 1))
  }

  function read(line: Line): void {
    lines.push(line)
    switch (line.type) {
      case 'control_request':
        return control(line['request_id'], line['request'] as Request)
      case 'user':
        return tellUser(line)
      case 'assistant':
        return typeof line['local_command_source'] === 'string'
          ? remember({ role: 'user', text: line['local_command_source'] })
          : remember({ role: 'assistant', text: textOf(line) })
      case 'system':
        boundary = transcript.length
        return
      default:
    }
  }

  async function* output(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      const line = queue.shift()
      if (line instanceof Error) throw line
      if (line !== undefined) yield line
      else if (cause !== undefined) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  const face: Pick<CliProcess, keyof CliProcess> = {
    pid,
    exit: exit.promise,
    stderrTail: 'its last words',
    get exited() {
      return cause !== undefined
    },
    lines: output,
    async write(text) {
      if (stalled) return void (await exit.promise)
      for (const line of text.split('\n')) {
        if (line === '' || cause !== undefined) continue
        read(JSON.parse(line) as Line)
      }
    },
    endInput: () => undefined,
    async end(because, options) {
      ;({ graceMs } = options)
      end(because, 0)
      return await exit.promise
    },
    async stop(because) {
      end(because, null)
      return await exit.promise
    },
    async [Symbol.asyncDispose]() {
      await face.stop('done')
    },
  }

  return {
    child: face as CliProcess,
    asked,
    lines,
    get messages() {
      return visible()
    },
    get exitCause() {
      return cause
    },
    get graceMs() {
      return graceMs
    },
    print,
    die: (code = 1) => end('exited', code),
    stall() {
      stalled = true
    },
  }
}
