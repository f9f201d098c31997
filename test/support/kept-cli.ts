/**
 * A child of the CLI in memory, for what keeps a process: it takes and prints the CLI's lines and keeps a transcript as the
 * CLI does, uuids that may be used once included. It keeps the public face of `CliProcess`. A test makes it misbehave by
 * what it answers, and by what becomes of a message on its way out.
 */
import { SEED_QUESTION, type CliProcess, type Exit } from '../../src/claude/process/index.ts'
import {
  hasCalls,
  hasResults,
  type Block,
  type Content,
  type Settings,
  type Turn,
} from '../../src/claude/protocol/index.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import type { ClientFunction, FunctionChoice, StopCause } from '../../src/core/index.ts'
import { findStray, type Told } from './model-transcript.ts'

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
/** The model calls this, by the client's name of it. */
export const calls = (name: string, ...pieces: readonly string[]): readonly Printed[] => [
  event({
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_1', name: `mcp__0123456789ab__${name}` },
  }),
  ...pieces.map((piece) =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: piece } }),
  ),
  event({ type: 'content_block_stop', index: 0 }),
]
const toServer = (name: string, message: object): object => ({
  type: 'control_request',
  request_id: `${name} ${JSON.stringify(message)}`,
  request: { subtype: 'mcp_message', server_name: name, message: { jsonrpc: '2.0', ...message } },
})
/** What follows once the model waits for what it called: the CLI calls it, and ends the turn since it may not ask again. */
const endsAfterCalls = (): readonly Printed[] => [
  stops('tool_use'),
  toServer('0123456789ab', { id: 7, method: 'tools/call', params: { name: 'any', arguments: {} } }),
  result({ subtype: 'error_max_turns', is_error: true }),
]
/** A turn of one call. */
export const callsOnce = (name: string, json: string): readonly Printed[] => [
  begins(),
  ...calls(name, json),
  ...endsAfterCalls(),
]
export const answers = (text: string): readonly Printed[] => [begins(), says(text), stops('end_turn'), result()]

interface Line {
  readonly [name: string]: unknown
  readonly type?: string
}

interface Message extends Turn {
  readonly uuid?: string | undefined
  /** Told by a line of the user's that is no result: the one that is newest can be rewound to. */
  readonly prompt?: boolean
  /** The functions that it calls, by the model's names of them. */
  readonly toolNames?: readonly string[]
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
  readonly servers: Readonly<Record<string, { readonly type: string; readonly name: string }>>
}

/** What is said, as it stands in a line. */
interface RawBlock {
  readonly type: string
  readonly text: string
  readonly source: { readonly media_type: 'image/png'; readonly data: string }
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly tool_use_id: string
  readonly content: readonly RawBlock[]
}

/** A tool server that the CLI makes itself acquainted with, and what it is to say when it has. */
interface Connecting {
  readonly name: string
  readonly requestId: unknown
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

/** The client's name of a function, also where none was offered before it was told of. */
const toClientName = (name: string): string => name.replace(/^mcp__[\da-f]*__/, '')

const toContent = ({ type, text, source }: RawBlock): Content =>
  type === 'image'
    ? { type: 'picture', picture: { mediaType: source.media_type, base64: source.data } }
    : { type: 'text', text }

const toBlock = (raw: RawBlock): Block => {
  switch (raw.type) {
    case 'tool_use':
      return { type: 'call', id: raw.id, name: toClientName(raw.name), input: raw.input }
    case 'tool_result':
      return { type: 'result', id: raw.tool_use_id, content: raw.content.map(toContent) }
    default:
      return toContent(raw)
  }
}

/** What a line says, and the names of what it calls. */
const saidIn = (line: Line, role: Turn['role']): Turn & Pick<Message, 'toolNames'> => {
  const { message } = line as { readonly message?: { readonly content: readonly RawBlock[] } }
  const raw = (message?.content ?? []).filter(({ type, text }) => type !== 'text' || text !== '')
  const text = raw.map((block) => (block.type === 'text' ? block.text : '')).join('')
  if (raw.every(({ type }) => type === 'text')) return { role, text }
  const toolNames = raw.flatMap(({ type, name }) => (type === 'tool_use' ? [name] : []))
  return { role, text, blocks: raw.map(toBlock), toolNames }
}

/** What is put into the body of a request to the model, as settings. */
function settingsOf(json: string): Pick<Settings, 'sampling' | 'stopTexts' | 'choice'> {
  if (json === '') return {}
  const {
    temperature,
    top_p: topP,
    stop_sequences: stopTexts,
    tool_choice: choice,
  } = JSON.parse(json) as {
    readonly temperature?: number
    readonly top_p?: number
    readonly stop_sequences?: readonly string[]
    readonly tool_choice?: { readonly type: string; readonly name?: string; readonly disable_parallel_tool_use?: true }
  }
  const sampling = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
  }
  const of = (type: string, name = ''): FunctionChoice =>
    type === 'any' ? 'required' : type === 'tool' ? { name: toClientName(name) } : type === 'none' ? 'none' : 'auto'
  return {
    ...(Object.keys(sampling).length === 0 ? {} : { sampling }),
    ...(stopTexts === undefined ? {} : { stopTexts }),
    ...(choice === undefined
      ? {}
      : { choice: { of: of(choice.type, choice.name), parallel: choice.disable_parallel_tool_use !== true } }),
  }
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
  const isSeeded = abilities.environmentNote === 'removable'
  let transcript: readonly Message[] = isSeeded
    ? [
        { role: 'user', text: 'Hello.', uuid: SEED_QUESTION, prompt: true },
        { role: 'assistant', text: 'Hello.' },
      ]
    : []
  /** Where the last boundary stands: what comes before is not sent. */
  let boundary = 0
  let running: { readonly uuid: string; requests: number; said: string; called: boolean } | undefined
  let functions: readonly ClientFunction[] = []
  /** The tool server that offers them, and the name that the model is made to call, where it is. */
  let server: string | undefined
  let chosen: string | undefined
  let connecting: Connecting | undefined
  /** What is read, but not looked at while a server is made acquainted with. */
  let backlog: readonly Line[] = []
  let cause: StopCause | undefined
  let graceMs: number | undefined
  let stalled = false
  let printedCount = 0
  let costUsd = 0
  let wake: () => void = () => undefined

  const visible = (): readonly Turn[] =>
    transcript
      .slice(boundary)
      .flatMap(({ role, text, blocks }) =>
        blocks !== undefined ? [{ role, text, blocks }] : text.trim() === '' ? [] : [{ role, text }],
      )
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
      if (JSON.stringify(message).includes('"tool_use","id"')) running.called = true
    }
    if (message.type !== 'result' || running === undefined) return message
    if (running.called) {
      const call: Block = { type: 'call', id: 'toolu_1', name: 'any', input: {} }
      const came: Block = { type: 'result', id: 'toolu_1', content: [{ type: 'text', text: 'The client was asked.' }] }
      remember({ role: 'assistant', text: running.said, blocks: [call] })
      remember({ role: 'user', text: '', blocks: [came] })
    } else remember({ role: 'assistant', text: message['is_error'] === true ? 'API Error' : running.said })
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
    if (index < 0 || (abilities.rewind === 'none' && !isSeeded)) return { rewound: false, error: 'target not found' }
    if (transcript[index]?.prompt !== true) return { rewound: false, error: 'not a message of the user' }
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
          ...settingsOf(env['CLAUDE_CODE_EXTRA_BODY'] ?? ''),
        }
        chosen = /mcp__[\da-f]{12}__/.exec(env['CLAUDE_CODE_EXTRA_BODY'] ?? '')?.[0]
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
      case 'mcp_set_servers': {
        if (!abilities.functions) break
        const [name] = Object.keys(request.servers)
        // A server that is known by its name already is not asked again.
        if (name !== undefined && name === server) return succeed()
        server = name
        functions = []
        if (name === undefined) return succeed()
        connecting = { name, requestId }
        print(toServer(name, { id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18' } }))
        return
      }
      case 'get_binary_version':
        return succeed({ version: '9.9.9' })
      default:
    }
    respond(requestId, { subtype: 'error', error: `Unsupported control request subtype: ${request.subtype}` })
  }

  /** What a tool server answers: who it is, then what it offers. */
  function connect(line: Line): void {
    const { response } = line as {
      readonly response?: {
        readonly response?: { readonly mcp_response?: { readonly id: number; readonly result: object } }
      }
    }
    const answered = response?.response?.mcp_response
    if (connecting === undefined || answered === undefined) return
    const { name, requestId } = connecting
    if ('serverInfo' in answered.result) {
      print(toServer(name, { method: 'notifications/initialized' }), toServer(name, { id: 1, method: 'tools/list' }))
      return
    }
    if (!('tools' in answered.result)) return
    const tools = answered.result.tools as readonly {
      readonly name: string
      readonly description: string
      readonly inputSchema: Record<string, unknown>
    }[]
    functions = tools.map((tool) => ({ name: tool.name, description: tool.description, parameters: tool.inputSchema }))
    connecting = undefined
    respond(requestId, { subtype: 'success', response: { added: [name], removed: [], errors: {} } })
    const waiting = backlog
    backlog = []
    for (const one of waiting) heed(one)
  }

  /** @throws Error where the model API would refuse, or the model would not know what it called. */
  function check(messages: readonly Message[]): void {
    const stray = findStray(messages)
    if (stray !== undefined) throw new Error(stray)
    const prefix = `mcp__${server ?? ''}__`
    // Where nothing is offered any longer nobody can tell what the names are.
    if (server === undefined) return
    const odd = messages
      .filter(hasCalls)
      .flatMap(({ toolNames = [] }) => toolNames.filter((name) => !name.startsWith(prefix)))
    if (odd.length > 0) throw new Error(`calls of ${odd.join(', ')}, but ${prefix} is offered`)
    if (chosen !== undefined && chosen !== prefix)
      throw new Error(`${chosen} is to be called, but ${prefix} is offered`)
  }

  function tellUser(line: Line): void {
    const uuid = String(line['uuid'])
    if (usedUuids.has(uuid)) return
    usedUuids.add(uuid)
    const { toolNames: _none, ...turn } = saidIn(line, 'user')
    const message: Message = { ...turn, uuid, prompt: !hasResults(turn) }
    if (line['shouldQuery'] === false) {
      remember(message)
      return print({ type: 'result', subtype: 'success', is_error: false, num_turns: 0 })
    }
    check([
      ...transcript.slice(boundary).filter(({ text, blocks }) => blocks !== undefined || text.trim() !== ''),
      turn,
    ])
    asked.push({ system, model, settings, functions, messages: [...visible(), turn] })
    remember(message)
    running = { uuid, requests: 0, said: '', called: false }
    print(...answer(turn.text, asked.length - 1))
  }

  function read(line: Line): void {
    lines.push(line)
    if (line.type === 'control_response') connect(line)
    else if (connecting !== undefined) backlog = [...backlog, line]
    else heed(line)
  }

  function heed(line: Line): void {
    if (connecting !== undefined) {
      backlog = [...backlog, line]
      return
    }
    switch (line.type) {
      case 'control_request':
        return control(line['request_id'], line['request'] as Request)
      case 'user':
        return tellUser(line)
      case 'assistant':
        return typeof line['local_command_source'] === 'string'
          ? remember({ role: 'user', text: line['local_command_source'] })
          : remember(saidIn(line, 'assistant'))
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
