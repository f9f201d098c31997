import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readStream } from '../support/stream.ts'
import { runningPrograms } from '../support/running-programs.ts'
import { startStage, until, type Stage } from '../support/stage.ts'

let directory: string
let repository: string
let stage: Stage

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    encoding: 'utf8',
  }).trim()

const AGENTS = {
  'reader.md': '---\nname: reader\ndescription: Reads.\ntools: Read, Grep, Glob\n---\nYou read.\n',
  'writer.md': '---\nname: writer\ndescription: Writes.\ntools: Read, Write, Edit\n---\nYou write.\n',
  'worker.md': '---\nname: worker\ndescription: Runs commands.\ntools: Bash\n---\nYou run commands.\n',
  'talker.md': '---\nname: talker\ndescription: Talks.\ntools: []\n---\nYou talk.\n',
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-doer-'))
  repository = join(directory, 'repository')
  await mkdir(join(repository, '.claude'), { recursive: true })
  execFileSync('git', ['init', '-q', '-b', 'main', repository])
  await writeFile(join(repository, 'a.txt'), 'hello from main\n')
  await writeFile(join(repository, 'CLAUDE.md'), 'MEMORY-OF-THE-WORKSPACE\n')
  await writeFile(
    join(repository, '.mcp.json'),
    JSON.stringify({ mcpServers: { x: { command: 'touch', args: [join(directory, 'mcp-ran')] } } }),
  )
  await writeFile(
    join(repository, '.claude', 'settings.json'),
    JSON.stringify({
      permissions: { allow: ['Bash', 'Write'] },
      hooks: { UserPromptSubmit: [{ hooks: [{ type: 'command', command: `touch ${join(directory, 'hook-ran')}` }] }] },
    }),
  )
  await symlink('/etc/hostname', join(repository, 'link.txt'))
  git('add', '-A')
  git('commit', '-qm', 'one')
  git('checkout', '-qb', 'side')
  await writeFile(join(repository, 'a.txt'), 'hello from side\n')
  git('commit', '-qam', 'two')
  git('checkout', '-q', 'main')
  const agents = join(directory, 'agents')
  await mkdir(agents)
  for (const [name, text] of Object.entries(AGENTS)) await writeFile(join(agents, name), text)
  stage = await startStage({
    env: {
      VIVAVOCE_WORKSPACE_REPO: repository,
      VIVAVOCE_WORKSPACE_BRANCH: 'side',
      VIVAVOCE_AGENTS_DIR: agents,
      VIVAVOCE_AGENT: 'reader',
      VIVAVOCE_STREAM_AGENT: 'talker',
      // What is shown here holds on a machine without bubblewrap too.
      VIVAVOCE_ALLOW_UNSANDBOXED: '1',
    },
  })
})
afterAll(async () => {
  await stage.close()
  await rm(directory, { recursive: true, force: true })
})

interface Completion {
  readonly object: string
  readonly choices: readonly {
    readonly message: { readonly role: string; readonly content: string }
    readonly finish_reason: string
  }[]
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly cost_usd?: number }
}

const run = async (content: string, agent = 'reader', extra: object = {}): Promise<Completion> => {
  const response = await stage.fetch('/v1/chat/completions', {
    body: { model: `${agent}/sonnet`, messages: [{ role: 'user', content }], ...extra },
  })
  expect(response.status).toBe(200)
  return (await response.json()) as Completion
}
const answer = async (content: string, agent?: string): Promise<string> =>
  (await run(content, agent)).choices[0]?.message.content ?? ''
const call = (tool: string, input: object): string => `go [rehearse call=${tool} input=${JSON.stringify(input)}]`

describe('a doer on the real CLI', () => {
  test('[DO1] answers with one completion and the usage that the CLI reports', async () => {
    const completion = await run('say exactly: done [rehearse usage=200,9]')
    expect(completion).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'done' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 200, completion_tokens: 9, total_tokens: 209 },
    })
    expect(completion.usage.cost_usd).toBeGreaterThan(0)
  })

  test('[DO2] answers with what it said last', async () => {
    expect(await answer(`say exactly: let me look\n[rehearse call=Read input={"file_path":"a.txt"}]`)).toMatch(
      /^The tool answered: .*hello from side/s,
    )
  })

  test('[DO4] works in a fresh checkout of the branch, with no way back to the repository', async () => {
    expect(await answer(call('Read', { file_path: 'a.txt' }))).toContain('hello from side')
    expect(await answer(call('Bash', { command: 'git log --oneline; git remote -v | wc -l' }), 'worker')).toMatch(
      /two.*one.*0/s,
    )
  })

  test.each([
    ['Read', { file_path: '/etc/hostname' }],
    ['Read', { file_path: '../../conversations' }],
    ['Read', { file_path: 'link.txt' }],
    ['Grep', { pattern: '.', path: '/etc' }],
    ['Glob', { pattern: '*', path: '/etc' }],
  ])('[DO3] reaches nothing outside of its workspace: %s %j', async (tool, input) => {
    expect(await answer(call(tool, input))).toMatch(/denied|Permission/i)
  })

  test('[DO3] has its own tools and no other', async () => {
    await run('hello')
    const { body } = stage.rehearsal.requests.at(-1) ?? {}
    expect(body?.tools?.map(({ name }) => name).toSorted()).toEqual(['Glob', 'Grep', 'Read'])
    const outside = join(directory, 'outside.txt')
    expect(await answer(call('Write', { file_path: outside, content: 'x' }), 'writer')).toMatch(/denied|Permission/i)
    expect(existsSync(outside)).toBe(false)
    expect(await answer(call('Write', { file_path: 'inside.txt', content: 'x' }), 'writer')).toMatch(/created|written/i)
  })

  test('[DO7] settings, hooks, tool servers and memory files of the workspace are not read', async () => {
    await run('hello')
    expect(stage.rehearsal.requests.at(-1)?.rawBody).not.toContain('MEMORY-OF-THE-WORKSPACE')
    expect(existsSync(join(directory, 'hook-ran'))).toBe(false)
    expect(existsSync(join(directory, 'mcp-ran'))).toBe(false)
  })

  test('[CA1] [LG2] a command that a run started goes with it, in the background too', async () => {
    const leaver = new AbortController()
    const [inBackground, inFront] = ['sleep 600.25', 'sleep 601.25']
    const left = stage.fetch('/v1/chat/completions', {
      body: {
        model: 'worker/sonnet',
        messages: [
          { role: 'user', content: call('Bash', { command: `(setsid env ${inBackground} &); env ${inFront}` }) },
        ],
      },
      signal: leaver.signal,
    })
    left.catch(() => undefined)
    const started = () => [...runningPrograms(inBackground), ...runningPrograms(inFront)]
    await until(() => started().length === 2)
    const before = stage.ended().length
    const atMs = Date.now()
    leaver.abort()
    await until(() => stage.ended().length > before)
    const exitMs = Date.now() - atMs
    await until(() => started().length === 0)
    process.stdout.write(`client close to the end of a run with commands under way, ms: ${exitMs}\n`)
    expect(exitMs).toBeLessThan(1000)
  })

  test('[LG2] what a run leaves in the background ends with the run', async () => {
    const daemon = 'sleep 602.25'
    const command = `(setsid env ${daemon} >/dev/null 2>&1 &); env sleep 0.2; echo ok`
    expect(await answer(call('Bash', { command }), 'worker')).toContain('ok')
    await until(() => runningPrograms(daemon).length === 0)
  })

  test('[CC11] an answer to a schema satisfies it', async () => {
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer', minimum: 5 } },
      required: ['n'],
      additionalProperties: false,
    }
    const completion = await run('how many?', 'reader', {
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
    })
    expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ n: 5 })
  })

  test('[ER11] [ER7] an answer that breaks off and is begun again is a failure, not sent twice', async () => {
    const body = {
      model: 'reader/sonnet',
      messages: [{ role: 'user', content: 'count to 8 [rehearse drop=5 slow=100 fail-times=1]' }],
    }
    const whole = await stage.fetch('/v1/chat/completions', { body })
    expect([whole.status, await whole.json()]).toEqual([
      503,
      { error: expect.objectContaining({ code: 'upstream_failed' }) },
    ])
    const streamed = await readStream(
      await stage.fetch('/v1/chat/completions', {
        body: {
          ...body,
          stream: true,
          messages: [{ role: 'user', content: 'count to 9 [rehearse drop=5 slow=100 fail-times=1]' }],
        },
      }),
    )
    // The last words may be lost with their connection.
    expect(streamed.text).toMatch(/^1[ \d]*$/)
    expect('1 2 3 4 5').toContain(streamed.text)
    expect(streamed).toMatchObject({ done: false, error: { code: 'upstream_failed' } })
  })

  test('[CC1] a chat agent may answer without streaming, and has no workspace', async () => {
    const { choices } = await run('hello', 'talker')
    expect(choices[0]?.message.content).toBe('This is a rehearsal. You said: hello')
    expect(stage.rehearsal.requests.at(-1)?.rawBody).not.toContain('/workspaces/run-')
  })
})

test('[DO5] a repository that cannot be cloned is 503, and nothing of it is told', async () => {
  await using own = await startStage({ env: { VIVAVOCE_WORKSPACE_REPO: join(directory, 'no-such-repository') } })
  const response = await own.fetch('/v1/chat/completions', { body: { messages: [{ role: 'user', content: 'hello' }] } })
  expect(response.status).toBe(503)
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'workspace_failed' } })
  expect(text).not.toContain(directory)
})

test('[DO4] a workspace that a crashed server left is removed at the next start', async () => {
  const home = await mkdtemp(join(tmpdir(), 'vivavoce-test-'))
  try {
    const left = join(home, 'data', 'workspaces', 'run-999999-abc')
    await mkdir(left, { recursive: true })
    await using own = await startStage({ directory: home })
    expect(existsSync(left)).toBe(false)
    expect(own.gateway.url).toMatch(/^http:/)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
