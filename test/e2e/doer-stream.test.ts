/** What a caller sees of a doer while it works. Commands are held: they go on when the test says so. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runningPrograms } from '../support/running-programs.ts'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

const AGENTS = {
  'worker.md': '---\nname: worker\ndescription: Runs commands.\ntools: Bash, Read\n---\nYou run commands.\n',
  'leader.md': '---\nname: leader\ndescription: Has others work.\ntools: Agent, Bash\n---\nYou lead.\n',
  'talker.md': '---\nname: talker\ndescription: Talks.\ntools: []\n---\nYou talk.\n',
}

let held = 0
/** A command that waits until it is let go on: by a file in the one workspace that there is. */
function heldCommand({ directory }: Stage) {
  const name = `go-${++held}`
  const workspaces = join(directory, 'data', 'workspaces')
  return {
    command: `until [ -e ${name} ]; do sleep 0.02; done; echo let go`,
    async letGo(): Promise<void> {
      const runs = (await readdir(workspaces)).filter((entry) => entry.startsWith('run-'))
      expect(runs).toHaveLength(1)
      await writeFile(join(workspaces, runs[0] ?? '', 'checkout', name), '')
    },
  }
}
const call = (tool: string, input: object): string => `[rehearse call=${tool} input=${JSON.stringify(input)}]`
const thenCall = (tool: string, input: object): string => `[rehearse then-call=${tool} input=${JSON.stringify(input)}]`

/** Reads a stream as far as the test wants to. */
function listen(response: Response) {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader()
  let raw = ''
  return {
    /** What was said and used so far, in order: texts in a row are joined, of other events there is a word. */
    get heard(): readonly string[] {
      const heard: string[] = []
      let speaking = false
      for (const frame of raw.split('\n\n').slice(0, -1)) {
        const chunk = frame.startsWith('data: {') ? (JSON.parse(frame.slice('data: '.length)) as Frame) : undefined
        const content = chunk?.vivavoce === undefined ? chunk?.choices?.[0]?.delta.content : undefined
        if (content !== undefined && speaking) heard.push((heard.pop() ?? '') + content)
        else heard.push(content ?? shown(frame, chunk))
        speaking = content !== undefined
      }
      return heard
    },
    /** Reads on until exactly this was heard. */
    async until(...expected: readonly string[]): Promise<void> {
      while (!isDeepStrictEqual(this.heard, expected)) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`the stream ended with ${JSON.stringify(this.heard)}`)
        raw += value
      }
    },
    async toEnd(): Promise<readonly string[]> {
      for (let read = await reader.read(); !read.done; read = await reader.read()) raw += read.value
      return this.heard
    },
  }
}
interface Frame {
  readonly choices?: readonly {
    readonly delta: { readonly content?: string }
    readonly finish_reason: string | null
  }[]
  readonly usage?: object
  readonly error?: { readonly code: string }
  readonly vivavoce?: { readonly tool: string }
}
function shown(frame: string, chunk: Frame | undefined): string {
  if (chunk === undefined) return frame
  if (chunk.vivavoce !== undefined) return `tool ${chunk.vivavoce.tool}`
  if (chunk.error !== undefined) return `error ${chunk.error.code}`
  return chunk.usage === undefined ? `finish ${chunk.choices?.[0]?.finish_reason}` : 'usage'
}

describe.each(
  installed([
    { name: 'the pinned version', env: {} },
    { name: 'version 2.1.197', env: { VIVAVOCE_CLAUDE_BIN: OLDER_CLI, VIVAVOCE_ALLOW_UNSANDBOXED: '1' } },
  ]),
)('a doer that streams, on $name', ({ env }) => {
  let directory: string
  let stage: Stage
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vivavoce-doer-stream-'))
    const agents = join(directory, 'agents')
    await mkdir(agents)
    for (const [name, text] of Object.entries(AGENTS)) await writeFile(join(agents, name), text)
    stage = await startStage({
      env: { VIVAVOCE_AGENTS_DIR: agents, VIVAVOCE_AGENT: 'worker', VIVAVOCE_STREAM_AGENT: 'talker', ...env },
    })
  })
  afterAll(async () => {
    await stage.close()
    await rm(directory, { recursive: true, force: true })
  })

  const ask = async (
    content: string,
    { agent = 'worker', signal, ...extra }: { agent?: string; signal?: AbortSignal } & Record<string, unknown> = {},
  ): Promise<Response> => {
    const response = await stage.fetch('/v1/chat/completions', {
      body: { model: `${agent}/sonnet`, stream: true, messages: [{ role: 'user', content }], ...extra },
      ...(signal === undefined ? {} : { signal }),
    })
    expect(response.status).toBe(200)
    return response
  }
  const hear = async (...asked: Parameters<typeof ask>): Promise<readonly string[]> =>
    listen(await ask(...asked)).toEnd()

  test('[ST6] [DO2] [DO8] what it says and uses arrives while it works, in order, paragraphs apart', async () => {
    const first = heldCommand(stage)
    const second = heldCommand(stage)
    const calls = call('Bash', { command: first.command }) + thenCall('Bash', { command: second.command })
    const stream = listen(await ask(`say exactly: Let me look.\n${calls}`))
    await stream.until('Let me look.', 'tool Bash')
    await first.letGo()
    await stream.until('Let me look.', 'tool Bash', 'tool Bash')
    await second.letGo()
    expect(await stream.toEnd()).toEqual([
      'Let me look.',
      'tool Bash',
      'tool Bash',
      '\n\nThe tool answered: let go',
      'finish stop',
      'data: [DONE]',
    ])
  })

  test('[ST6] what it says arrives while the model still speaks', async () => {
    const leaving = new AbortController()
    const stream = listen(await ask('count to 9 [rehearse stall=5]', { signal: leaving.signal }))
    await stream.until('1 2 3 4 5')
    expect(stage.rehearsal.requests.at(-1)?.state).toBe('open')
    leaving.abort()
    await until(() => stage.rehearsal.requests.at(-1)?.state !== 'open')
  })

  test('[DO8] [ST2] a tool comes first: the headers leave with it, before there is a word', async () => {
    const command = heldCommand(stage)
    const stream = listen(await ask(call('Bash', { command: command.command })))
    await stream.until('tool Bash')
    await command.letGo()
    expect(await stream.toEnd()).toEqual(['tool Bash', 'The tool answered: let go', 'finish stop', 'data: [DONE]'])
  })

  test('[DO8] each use is told once, also of tools that are refused or do not exist, and never what they are given', async () => {
    const response = await ask(
      `say exactly: so\n${call('Bash', { command: 'echo SECRET-INPUT >/dev/null' })}${call('Read', { file_path: '/etc/SECRET-INPUT' })}[rehearse call=!No/such🙂 input={"a":"SECRET-INPUT"}]`,
    )
    const raw = await response.clone().text()
    const uses = raw.split('\n').filter((line) => line.includes('"vivavoce"'))
    expect((await listen(response).toEnd()).slice(0, 4)).toEqual(['so', 'tool Bash', 'tool Read', 'tool No_such__'])
    expect(uses).toHaveLength(3)
    expect(uses.join()).not.toContain('SECRET')
  })

  test('[DO8] what a sub-agent uses and says is not told', async () => {
    const before = stage.rehearsal.requests.length
    const prompt = `say exactly: SUB-TEXT ${call('Bash', { command: 'echo sub-ran-$((40 + 2))' })}`
    const input = { description: 'sub', prompt, subagent_type: 'leader' }
    const heard = await hear(call('Agent', input), { agent: 'leader' })
    expect(heard.filter((frame) => frame.startsWith('tool '))).toEqual(['tool Agent'])
    expect(stage.rehearsal.requests.slice(before).some(({ rawBody }) => rawBody.includes('sub-ran-42'))).toBe(true)
    expect(heard[1]).toMatch(/^The tool answered: /)
    expect(heard[1]).not.toContain('SUB-TEXT')
    expect(heard.slice(2)).toEqual(['finish stop', 'data: [DONE]'])
  })

  test('[DO8] [CC11] an answer to a schema tells the tools before it, not the one that takes it', async () => {
    const schema = { type: 'object', properties: { n: { type: 'integer', minimum: 5 } }, required: ['n'] }
    const heard = await hear(`so many? ${call('Bash', { command: 'echo 5' })}`, {
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
    })
    expect(heard).toEqual(['tool Bash', '{"n":5}', 'finish stop', 'data: [DONE]'])
  })

  test('[CC12] a stop text ends the run: what comes after it is neither sent nor done', async () => {
    const before = stage.rehearsal.requests.length
    const heard = await hear(
      `say exactly: one two STOP three\n[rehearse slow=50]${call('Bash', { command: 'echo after-$((1 + 1))' })}`,
      { stop: 'STOP' },
    )
    expect(heard).toEqual(['one two ', 'finish stop', 'data: [DONE]'])
    await until(() => stage.rehearsal.requests.every(({ state }) => state !== 'open'))
    expect(stage.rehearsal.requests.slice(before).some(({ rawBody }) => rawBody.includes('after-2'))).toBe(false)
  })

  test('[CC12] a stop text ends the run after its tools, too', async () => {
    const heard = await hear(`say exactly: so\n${call('Bash', { command: 'echo one two three' })}`, { stop: [' two'] })
    expect(heard).toEqual(['so', 'tool Bash', '\n\nThe tool answered: one', 'finish stop', 'data: [DONE]'])
  })

  test('[CC8] a limit ends the message that meets it, and the run', async () => {
    const heard = await hear(`say exactly: so\n${call('Bash', { command: 'seq -s " " 30' })}`, { max_tokens: 12 })
    expect(heard).toHaveLength(5)
    expect(heard[2]).toMatch(/^\n\nThe tool answered: 1 2 3/)
    expect(heard[2]).not.toContain('30')
    expect(heard.slice(3)).toEqual(['finish length', 'data: [DONE]'])
  })

  test('[ST8] usage is that of all its messages, after the finish', async () => {
    const { chunks } = await readStream(
      await ask(`${call('Bash', { command: 'echo hi' })}[rehearse usage=100,7]`, {
        stream_options: { include_usage: true },
      }),
    )
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 200, completion_tokens: 14 } })
  })

  test('[ER3] a failure in mid-run is an error frame behind what was said, without a finish or [DONE]', async () => {
    const heard = await hear(
      `say exactly: so\n${call('Bash', { command: 'echo hi' })}[rehearse round=1 status=400 message="SECRET-WORDS"]`,
    )
    expect(heard).toEqual(['so', 'tool Bash', 'error upstream_refused'])
  })

  test('[DO6] [ER7] a run that reaches its budget ends with that failure, also when it streams', async () => {
    const heard = await hear(`${call('Bash', { command: 'echo hi' })}[rehearse usage=90000000,900000]`)
    expect(heard).toEqual(['tool Bash', 'error budget_exceeded'])
  })

  test('[CA1] [CA2] [LG2] a client that leaves while a command runs ends the run: its processes, workspace and place', async () => {
    const leaving = new AbortController()
    const failures = (): number => stage.observations.filter(({ type }) => type === 'request-failed').length
    const failed = failures()
    const program = `sleep 606.${++held}`
    const stream = listen(
      await ask(`say exactly: so\n${call('Bash', { command: `env ${program}` })}`, { signal: leaving.signal }),
    )
    await stream.until('so', 'tool Bash')
    await until(() => runningPrograms(program).length === 1)
    const workspaces = async (): Promise<readonly string[]> =>
      (await readdir(join(stage.directory, 'data', 'workspaces'))).filter((name) => name !== 'base')
    expect(await workspaces()).toHaveLength(1)
    const ended = stage.ended().length
    leaving.abort()
    await until(() => stage.ended().length > ended)
    await until(() => runningPrograms(program).length === 0)
    await until(async () => (await workspaces()).length === 0)
    expect(stage.ended().at(-1)).toMatchObject({ cause: 'cancelled' })
    await until(async () => {
      const health = (await (await stage.fetch('/health')).json()) as { readonly active: number }
      return health.active === 0
    })
    expect(failures()).toBe(failed)
  })
})

test('[ER8] [LG2] a command that goes on for ever is ended with the run’s time, and the caller is told', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-doer-stream-'))
  try {
    const agents = join(directory, 'agents')
    await mkdir(agents)
    for (const [name, text] of Object.entries(AGENTS)) await writeFile(join(agents, name), text)
    await using stage = await startStage({
      env: {
        VIVAVOCE_AGENTS_DIR: agents,
        VIVAVOCE_AGENT: 'worker',
        VIVAVOCE_STREAM_AGENT: 'talker',
        VIVAVOCE_AGENT_TIMEOUT_SECONDS: '6',
      },
    })
    const content = `say exactly: so\n${call('Bash', { command: 'env sleep 607' })}`
    const response = await stage.fetch('/v1/chat/completions', {
      body: { model: 'worker/sonnet', stream: true, messages: [{ role: 'user', content }] },
    })
    expect(await listen(response).toEnd()).toEqual(['so', 'tool Bash', 'error timeout'])
    // That nothing of it is left is checked when the stage closes.
    await until(() => stage.ended().some(({ cause }) => cause === 'deadline'))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
