/** The binary of the CLI changes under a server that serves: the new one is verified, and no turn fails. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'
import { makeKnown, wrapCli } from '../support/wrapped-cli.ts'

/** Lines of a script that says it is an older version. */
const OLDER = `case "$*" in *--version*) echo '2.1.197 (Claude Code)'; exit 0 ;; esac`

const SLOW = { ms: 500_000 }
const TIMEOUT = { timeout: 1_000_000 }

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-replaced-'))
  await mkdir(join(directory, 'stage'))
})
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))

const open = (bin: string, env: Readonly<Record<string, string>> = {}): Promise<Stage> =>
  startStage({
    env: {
      VIVAVOCE_CLAUDE_BIN: bin,
      XDG_CACHE_HOME: join(directory, 'cache'),
      VIVAVOCE_POOL_SPARES: '1',
      VIVAVOCE_START_TIMEOUT_SECONDS: '900',
      CONVERSATIONAL_TIMEOUT_SECONDS: '900',
      ...env,
    },
  })

const chat = (stage: Stage, content: string, more: object = {}): Promise<Response> =>
  stage.fetch('/v1/chat/completions', { body: { stream: true, messages: [{ role: 'user', content }], ...more } })

const cliOf = async (stage: Stage): Promise<unknown> =>
  ((await (await stage.fetch('/health')).json()) as { readonly cli: unknown }).cli

test(
  '[SU4] [SU11] [SU12] a link that moves to a new version, the old one being deleted, fails no turn, also while a stream runs',
  TIMEOUT,
  async () => {
    const one = await wrapCli({ directory, name: 'one' })
    await makeKnown(join(directory, 'cache'), one.path)
    const link = join(directory, 'claude')
    await symlink(one.path, link)
    await using stage = await open(link)
    const streaming = await chat(stage, 'count to 400 [rehearse slow=20]')
    const gate = join(directory, 'gate')
    const two = await wrapCli({
      directory,
      name: 'two',
      lines: `[ -e '${gate}' ] && while [ ! -e '${gate}.open' ]; do sleep 0.05; done`,
    })
    await makeKnown(join(directory, 'cache'), two.path)
    await writeFile(gate, '')
    await symlink(two.path, `${link}.new`)
    await rename(`${link}.new`, link)
    await rm(one.path)
    // It needs a process of its own, so it waits for the new version; a turn of the pool need not.
    const waiting = chat(stage, 'say exactly: late', { model: 'recruiter-triage/sonnet' })
    await until(() => stage.observations.some(({ type }) => type === 'cli-replaced'), SLOW)
    expect(await cliOf(stage)).toMatchObject({
      path: one.path,
      replacement: { status: 'verifying', reason: 'replaced' },
    })
    expect((await readStream(await chat(stage, 'say exactly: meanwhile'))).text).toBe('meanwhile')
    await writeFile(`${gate}.open`, '')
    expect((await readStream(await waiting)).text).toContain('late')
    const streamed = await readStream(streaming)
    expect([streamed.error, streamed.finish]).toEqual([undefined, ['stop']])
    expect(streamed.text).toContain('400')
    await until(async () => JSON.stringify(await cliOf(stage)).includes(`"path":"${two.path}"`), SLOW)
    expect(await cliOf(stage)).not.toHaveProperty('replacement')
    expect((await readStream(await chat(stage, 'say exactly: after'))).text).toBe('after')
    await until(() => stage.ended().some(({ cause }) => cause === 'replaced'), SLOW)
  },
)

test('[SU11] [SU12] a binary that is replaced in place is verified before it serves', TIMEOUT, async () => {
  const { path } = await wrapCli({ directory, name: 'claude' })
  await makeKnown(join(directory, 'cache'), path)
  await using stage = await open(path, { VIVAVOCE_POOL_MAX: '0' })
  expect((await readStream(await chat(stage, 'say exactly: before'))).text).toBe('before')
  await wrapCli({ directory, name: 'claude', lines: '# the next version' })
  await makeKnown(join(directory, 'cache'), path)
  const started = stage.rehearsal.requests.length
  expect((await readStream(await chat(stage, 'say exactly: after'))).text).toBe('after')
  const types = stage.observations.map(({ type }) => type)
  expect(types.filter((type) => /^cli-(replaced|verification-(started|finished))$/.test(type))).toEqual([
    'cli-verification-started',
    'cli-verification-finished',
    'cli-replaced',
    'cli-verification-started',
    'cli-verification-finished',
  ])
  expect(stage.rehearsal.requests.length).toBe(started + 1)
})

test('[SU11] a new binary that acts on text never serves; processes of the old one go on', TIMEOUT, async () => {
  const { path } = await wrapCli({ directory, name: 'claude' })
  await makeKnown(join(directory, 'cache'), path)
  await using stage = await open(path)
  expect((await readStream(await chat(stage, 'say exactly: before'))).text).toBe('before')
  const dishonest = fileURLToPath(new URL('../fixtures/fake-claude-dishonest', import.meta.url))
  await writeFile(`${path}.new`, `#!/bin/sh\nexec '${dishonest}' "$@"\n`, { mode: 0o755 })
  await rename(`${path}.new`, path)
  const refused = await chat(stage, 'say exactly: never', { model: 'recruiter-triage/sonnet', stream: false })
  expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'cli_unavailable' } }])
  expect(await cliOf(stage)).toMatchObject({ replacement: { status: 'refused' } })
  expect((await readStream(await chat(stage, 'say exactly: still'))).text).toBe('still')
  expect((await stage.fetch('/health')).status).toBe(200)
})

test('[SU13] [SB8] agents that an older version must not run are refused once it has taken over', TIMEOUT, async () => {
  const agents = join(directory, 'agents')
  await mkdir(agents)
  const agent = (name: string, tools: string): Promise<void> =>
    writeFile(join(agents, `${name}.md`), `---\nname: ${name}\ndescription: d\n${tools}---\nYou work.\n`)
  await agent('conversational', '')
  await agent('recruiter-triage', 'tools: Read\n')
  await agent('worker', 'tools: Read, Bash\n')
  const { path } = await wrapCli({ directory, name: 'claude' })
  await makeKnown(join(directory, 'cache'), path)
  await using stage = await open(path, { VIVAVOCE_AGENTS_DIR: agents })
  const work = (): Promise<Response> => chat(stage, 'say exactly: done', { model: 'worker/sonnet', stream: false })
  const before = await work()
  // Without bubblewrap nobody may run commands, whatever the version.
  const isSandboxed = before.status === 200
  await before.text()
  await wrapCli({ directory, name: 'claude', lines: OLDER })
  await makeKnown(join(directory, 'cache'), path)
  const refused = await work()
  expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'sandbox_unavailable' } }])
  if (isSandboxed) expect(await cliOf(stage)).toMatchObject({ version: '2.1.197' })
})
