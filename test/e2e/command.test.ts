import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { watchChild } from '../oracle/watch-child.ts'
import { searchPathWithoutBubblewrap } from '../support/search-path.ts'
import { isAlive, until } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
let home: string
const children: ChildProcessWithoutNullStreams[] = []
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-command-'))
  await mkdir(join(home, 'tmp'))
})
afterEach(async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  expect(
    await readdir(join(home, 'tmp')).then((names) => names.filter((name) => name.startsWith('vivavoce-'))),
  ).toEqual([])
})
const watched = () => watchChild(join(home, 'violations'))
afterAll(async () => {
  const violations = watched().violations()
  await rm(home, { recursive: true, force: true })
  expect(violations).toEqual([])
})

interface Command {
  readonly child: ChildProcessWithoutNullStreams
  readonly out: () => string
  readonly err: () => string
  readonly exit: Promise<number | null>
}

function command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const child = spawn(process.execPath, [bin, ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: join(home, 'tmp'),
      VIVAVOCE_PORT: '0',
      ...watched().env,
      ...env,
    },
  })
  children.push(child)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, out: () => out, err: () => err, exit }
}

const listening = (running: Command): Promise<string> =>
  until(() => /^\{"listening":"(http:\/\/[^"]+)"\}$/m.exec(running.out())?.[1])

describe('vivavoce serve', () => {
  test('[CM1] [CF5] [RH3] [LG1] serves until it is told to stop, with a key that it makes and prints once', async () => {
    const running = command(['serve', '--rehearsal'], {
      VIVAVOCE_LOG_LEVEL: 'debug',
      ANTHROPIC_API_KEY: 'sk-ant-REAL-LOGIN',
    })
    const url = await listening(running)
    const key = await until(() => /present the key (vv-\w+)/.exec(running.err())?.[1])
    const known = { headers: { authorization: `Bearer ${key}` } }
    expect(await (await fetch(`${url}/health`, known)).json()).toMatchObject({
      status: 'ok',
      rehearsal: true,
      cli: { version: expect.stringMatching(/^\d/) },
    })
    const ask = (authorization: string, content = 'SECRET-QUESTION') =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization },
        body: JSON.stringify({ stream: true, messages: [{ role: 'user', content }] }),
      })
    for (const wrong of ['', 'Bearer', 'Bearer ', 'Bearer wrong', `Basic ${key}`, key])
      expect((await ask(wrong)).status).toBe(401)
    expect((await readStream(await ask(`Bearer ${key}`))).text).toBe('This is a rehearsal. You said: SECRET-QUESTION')
    for (const path of ['/v1/models/SECRET-MODEL', '/SECRET-PATH', '/jobs/SECRET-JOB'])
      expect((await fetch(url + path, known)).status).toBe(404)
    const refused = {
      ...known,
      method: 'POST',
      body: JSON.stringify({ model: 'SECRET-NAME', messages: [{ role: 'user', content: 'x' }] }),
    }
    expect((await fetch(`${url}/v1/chat/completions`, refused)).status).toBe(404)
    expect((await ask(`Bearer ${key}`, 'SECRET-QUESTION [rehearse status=500 message="SECRET-WORDS"]')).ok).toBeTypeOf(
      'boolean',
    )
    running.child.kill('SIGTERM')
    expect(await running.exit).toBe(0)
    const log = running
      .err()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    expect(log.length).toBeGreaterThan(3)
    for (const line of log) expect(JSON.parse(line)).toEqual(expect.any(Object))
    expect(log.join('\n')).not.toMatch(/SECRET-(QUESTION|MODEL|PATH|JOB|NAME)|REAL-LOGIN/)
    expect(log.join('\n')).not.toContain(key)
    expect(running.err().split(key)).toHaveLength(2)
  })

  test('[CM1] [CA5] SIGINT stops it in the middle of an answer, and nothing is left', async () => {
    const running = command(['serve', '--rehearsal'], { API_BEARER_TOKEN: 'k', VIVAVOCE_LOG_LEVEL: 'debug' })
    const url = await listening(running)
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer k' },
      body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'count to 900 [rehearse slow=20]' }] }),
    })
    const pid = await until(() => Number(/"pid":(\d+),.*process-started/.exec(running.err())?.[1]))
    expect(isAlive(pid)).toBe(true)
    const reading = readStream(response)
    running.child.kill('SIGINT')
    expect((await reading).error).toMatchObject({ code: 'shutting_down' })
    expect(await running.exit).toBe(0)
    expect(isAlive(pid)).toBe(false)
  })

  test('[CM1] npm start serves until npm is told to stop', async () => {
    const child = spawn('npm', ['start', '--', '--rehearsal'], {
      cwd: fileURLToPath(new URL('../../', import.meta.url)),
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        TMPDIR: join(home, 'tmp'),
        VIVAVOCE_PORT: '0',
        API_BEARER_TOKEN: 'k',
      },
    })
    children.push(child)
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    const url = await until(() => /"listening":"([^"]+)"/.exec(out)?.[1])
    expect((await fetch(`${url}/health`)).status).toBe(200)
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    await closed
    await expect(fetch(`${url}/health`)).rejects.toThrow()
  })

  test('[CM5] [CF2] a configuration that cannot be used is told whole, and nothing is started', async () => {
    const running = command(['serve'], {
      VIVAVOCE_PORT: 'x',
      MAX_CONCURRENCY: '0',
      VIVAVOCE_HOST: '0.0.0.0',
      VIVAVOCE_TYPO: '1',
    })
    expect(await running.exit).toBe(1)
    for (const name of ['VIVAVOCE_PORT', 'MAX_CONCURRENCY', 'VIVAVOCE_TYPO']) expect(running.err()).toContain(name)
    expect(running.out()).toBe('')
  })

  test('[CF6] a data directory that another server uses is not served from', async () => {
    const env = { API_BEARER_TOKEN: 'k', VIVAVOCE_DATA_DIR: join(home, 'data') }
    const first = command(['serve', '--rehearsal'], env)
    await listening(first)
    const second = command(['serve', '--rehearsal'], env)
    expect(await second.exit).toBe(1)
    expect(second.err()).toContain('VIVAVOCE_DATA_DIR')
    first.child.kill('SIGTERM')
    expect(await first.exit).toBe(0)
    const third = command(['serve', '--rehearsal'], env)
    await listening(third)
    third.child.kill('SIGTERM')
    expect(await third.exit).toBe(0)
  })

  test('[CF5] without a key no address but loopback is served', async () => {
    const running = command(['serve'], { VIVAVOCE_HOST: '0.0.0.0' })
    expect(await running.exit).toBe(1)
    expect(running.err()).toContain('API_BEARER_TOKEN')
  })

  test('[AG2] broken agent files are told by name and line', async () => {
    const agents = join(home, 'agents')
    await mkdir(agents, { recursive: true })
    await writeFile(join(agents, 'bad.md'), '---\nname: bad\ndescription: x\ntols: Read\n---\nYou.\n')
    await writeFile(join(agents, 'worse.md'), 'no front matter\n')
    const running = command(['serve', '--rehearsal'], { VIVAVOCE_AGENTS_DIR: agents })
    expect(await running.exit).toBe(1)
    expect(running.err()).toContain('bad.md:4:')
    expect(running.err()).toContain('worse.md:1:')
  })

  test('[AG2] a setting that leads to no agent or model is told', async () => {
    const running = command(['serve', '--rehearsal'], {
      VIVAVOCE_AGENT: 'nobody',
      VIVAVOCE_MODEL_ALIASES: 'x=nobody/haiku,y=gpt',
    })
    expect(await running.exit).toBe(1)
    expect(running.err()).toContain('VIVAVOCE_AGENT: there is no agent nobody')
    const aliases = command(['serve', '--rehearsal'], { VIVAVOCE_MODEL_ALIASES: 'x=nobody/haiku,y=gpt,z=sonnet' })
    expect(await aliases.exit).toBe(1)
    expect(aliases.err()).toContain('x=nobody/haiku leads to nothing')
    expect(aliases.err()).toContain('y=gpt leads to nothing')
    expect(aliases.err()).not.toContain('z=sonnet')
  })

  test('[CM5] an address that is taken is told', async () => {
    const first = command(['serve', '--rehearsal'], { API_BEARER_TOKEN: 'k' })
    const { port } = new URL(await listening(first))
    const second = command(['serve', '--rehearsal'], { API_BEARER_TOKEN: 'k', VIVAVOCE_PORT: port })
    expect(await second.exit).toBe(1)
    expect(second.err()).toContain('VIVAVOCE_PORT')
    first.child.kill('SIGTERM')
    expect(await first.exit).toBe(0)
  })
})

describe('the other commands', () => {
  test(
    '[CM2] [CM32] [CM33] demo shows every kind of turn, says what it waits for, and compares',
    { timeout: 600_000 },
    async () => {
      const running = command(['demo'])
      expect(await running.exit).toBe(0)
      const scenes = [
        'assistant: This is a rehearsal. You said: Hello! What can you do?  (',
        'The same in Bulgarian: text that is not ASCII',
        'assistant: Това е репетиция. Казахте: Здравей! Какво можеш да правиш? 🙂  (',
        'calls:     get_weather({"city":"Sofia"})',
        'assistant: The tool answered: 21 °C, sunny',
        'assistant: 1 2 3 4 5 6 7 8  interrupted',
        'assistant: I stopped counting.',
        'assistant: My name is Ada.',
        'A job  ',
        'pooled process of vivavoce',
        'one-shot, `claude -p` for each turn',
        'npx vivavoce doctor',
        'npx vivavoce serve --rehearsal',
        'npx vivavoce serve ',
      ]
      const places = scenes.map((scene) => running.out().indexOf(scene))
      expect(scenes.filter((_, index) => places[index] === -1)).toEqual([])
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      expect(running.out()).not.toContain('\u001b[')
      for (const wait of [
        'verifies the Claude Code CLI',
        'processes of the CLI start',
        'the store opens',
        'both are measured',
      ])
        expect(running.err()).toContain(wait)
    },
  )

  test('[CM3] doctor checks what serving needs', async () => {
    const well = command(['doctor', '--offline'])
    expect(await well.exit).toBe(0)
    expect(well.out()).toMatch(/ok {4}claude: \d+\.\d+\.\d+/)
    expect(well.out()).toMatch(/(ok {4}sandbox: bubblewrap \d|warn {2}sandbox: none)/)
    const ill = command(['doctor', '--offline'], { VIVAVOCE_CLAUDE_BIN: '/nonexistent' })
    expect(await ill.exit).toBe(1)
    expect(ill.out()).toContain('FAIL  claude')
  })

  test('[SB7] [CM3] doctor tells that agents are refused for want of a sandbox, or run without', async () => {
    const agents = join(home, 'workers')
    await mkdir(agents)
    for (const [name, tools] of Object.entries({ 'recruiter-triage': 'Bash', conversational: '' }))
      await writeFile(
        join(agents, `${name}.md`),
        `---\nname: ${name}\ndescription: d\ntools: ${tools}\n---\nYou work.\n`,
      )
    const without = {
      PATH: await searchPathWithoutBubblewrap(join(home, 'programs')),
      VIVAVOCE_AGENTS_DIR: agents,
      VIVAVOCE_CLAUDE_BIN: '/nonexistent',
    }
    const ill = command(['doctor', '--offline'], without)
    expect(await ill.exit).toBe(1)
    expect(ill.out()).toMatch(
      /FAIL {2}sandbox: none \(bubblewrap .*\): these\s+agents\s+are\s+refused:\s+recruiter-triage/,
    )
    const allowed = command(['doctor', '--offline'], { ...without, VIVAVOCE_ALLOW_UNSANDBOXED: '1' })
    expect(await allowed.exit).toBe(1)
    expect(allowed.out()).toMatch(/warn {2}sandbox: none \(bubblewrap [\s\S]*all rights of this user: recruiter-triage/)
  })

  test('[CM4] config prints the settings in force, secrets masked', async () => {
    const running = command(['config'], { API_BEARER_TOKEN: 'TOP-SECRET', MAX_CONCURRENCY: '7' })
    expect(await running.exit).toBe(0)
    expect(running.out()).toMatch(/^MAX_CONCURRENCY +environment +7$/m)
    expect(running.out()).toMatch(/^API_BEARER_TOKEN +environment +\(set\)$/m)
    expect(running.out()).not.toContain('TOP-SECRET')
  })

  test.each([[[]], [['nonsense']], [['serve', '--nonsense']], [['serve', 'more']]])(
    '[CM5] a wrong command line is told, with the usage: %j',
    async (args) => {
      const running = command(args)
      expect(await running.exit).toBe(2)
      expect(running.err()).toContain('usage: vivavoce')
    },
  )
})
