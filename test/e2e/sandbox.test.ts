import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REHEARSAL_KEY, toBlocks } from '../../src/rehearsal/index.ts'
import { hasBubblewrap } from '../support/has-bubblewrap.ts'
import { runningPrograms } from '../support/running-programs.ts'
import { searchPathWithoutBubblewrap } from '../support/search-path.ts'
import { hasOlderCli, installed, OLDER_CLI } from '../support/older-cli.ts'
import { KEY, startStage, until, type Stage } from '../support/stage.ts'

const LOGIN = 'SECRET-OF-THE-LOGIN'
const OTHER = 'SECRET-OF-ANOTHER-RUN'

const agent = (name: string, tools: string, more = ''): string =>
  `---\nname: ${name}\ndescription: Works.\ntools: ${tools}\n${more}---\nYou work.\n`

let directory: string
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-sandbox-'))
  const repository = join(directory, 'repository')
  execFileSync('git', ['init', '-q', '-b', 'main', repository])
  await writeFile(join(repository, 'a.txt'), 'hello\n')
  const commit = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', 'one']
  execFileSync('git', ['-C', repository, 'add', '-A'])
  execFileSync('git', ['-C', repository, ...commit])
  const agents = join(directory, 'agents')
  await mkdir(agents)
  const all = {
    talker: agent('talker', ''),
    reader: agent('reader', 'Read, Grep, Glob'),
    writer: agent('writer', 'Read, Write'),
    worker: agent('worker', 'Bash'),
    online: agent('online', 'Bash', 'network: true\n'),
    clerk: agent('clerk', 'Bash, Read, Grep, Glob, Write, Edit'),
    chief: agent('chief', 'Bash, Agent'),
  }
  for (const [name, text] of Object.entries(all)) await writeFile(join(agents, `${name}.md`), text)
  env = {
    VIVAVOCE_WORKSPACE_REPO: repository,
    VIVAVOCE_AGENTS_DIR: agents,
    VIVAVOCE_AGENT: 'reader',
    VIVAVOCE_STREAM_AGENT: 'talker',
    VIVAVOCE_TENANTS: 'other=KEY-OF-ANOTHER-TENANT',
  }
})
afterAll(() => rm(directory, { recursive: true, force: true }))

type Call = readonly [tool: string, input: Readonly<Record<string, unknown>>]

const prompt = (calls: readonly Call[]): string =>
  `go ${calls
    .map(
      ([tool, input], index) =>
        `[rehearse ${index === 0 ? 'call' : 'then-call'}=!${tool} input=${JSON.stringify(input)}]`,
    )
    .join('\n')}`

const ask = (stage: Stage, name: string, calls: readonly Call[], signal?: AbortSignal): Promise<Response> =>
  stage.fetch('/v1/chat/completions', {
    body: { model: `${name}/sonnet`, messages: [{ role: 'user', content: prompt(calls) }] },
    ...(signal === undefined ? {} : { signal }),
  })

/** What each of the calls, one after the other, came to: the whole of what the model is told. */
async function results(stage: Stage, name: string, calls: readonly Call[]): Promise<readonly string[]> {
  const { length } = stage.rehearsal.requests
  const response = await ask(stage, name, calls)
  expect([response.status, await response.text()]).toEqual([200, expect.anything()])
  const told = stage.rehearsal.requests.slice(length).map(({ body }) =>
    body.messages
      .flatMap(({ content }) => toBlocks(content))
      .filter(({ type }) => type === 'tool_result')
      .map((block) => JSON.stringify(block)),
  )
  const longest = told.toSorted((one, other) => other.length - one.length)[0] ?? []
  expect(longest).toHaveLength(calls.length)
  return longest
}

/** Does something again and again until it is disposed of. */
function every(task: () => void): Disposable {
  const timer = setInterval(task, 100)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const bash = (command: string, more: object = {}): Call => ['Bash', { command, ...more }]

/** Links in the workspace, told by name; made by a script, since the CLI looks at what `ln` is called with. */
const links = (to: Readonly<Record<string, string>>): Call => {
  const lines = Object.entries(to).map(([name, target]) => `ln -s ${target} ${name}`)
  return bash(`printf '%s\\n' '${lines.join("' '")}' > links.sh; sh links.sh; find . -type l`)
}

describe.skipIf(!hasBubblewrap).each(
  installed([
    { name: 'the pinned version', bin: {} },
    // The sandbox is kept; agents that are refused with this version are let run.
    { name: 'version 2.1.197', bin: { VIVAVOCE_CLAUDE_BIN: OLDER_CLI, VIVAVOCE_ALLOW_UNSANDBOXED: '1' } },
  ]),
)('in the sandbox (skipped where bubblewrap cannot run), $name', ({ bin }) => {
  let stage: Stage
  let login: string
  beforeAll(async () => {
    stage = await startStage({ env: { ...env, ...bin } })
    login = join(stage.directory, 'claude', '.credentials.json')
    await mkdir(join(stage.directory, 'claude'), { recursive: true })
    await writeFile(login, JSON.stringify({ note: LOGIN }))
  })
  afterAll(() => stage.close())

  const run = (name: string, ...calls: readonly Call[]): Promise<readonly string[]> => results(stage, name, calls)
  const workspaces = (): string => join(stage.directory, 'data', 'workspaces')
  const requests = (): string => stage.rehearsal.requests.map(({ rawBody }) => rawBody).join('\n')

  test('[SB1] a command works in its workspace, with git, as it was written', async () => {
    const odd = `printf '%s\\n' "it's «Здравей» 🙂 \\$HOME" 'a"b' > "odd name.txt"; cat odd*`
    const [first, second, third, fourth] = await run(
      'worker',
      bash(`${odd}; cat <<'END'\nheredoc 'quoted' $HOME\nEND`),
      bash('git log --oneline; echo more >> a.txt; git commit -qam "two" && git log --oneline | wc -l; git status -s'),
      bash('mkdir sub && cd sub && echo x > y.txt && cat y.txt && exit 7'),
      bash('ls; ls sub; whoami >/dev/null; echo $0 $# "$PWD" ~'),
    )
    expect(first).toMatch(/it's «Здравей» 🙂 \$HOME.*a\\+"b.*heredoc 'quoted' \$HOME/s)
    expect(second).toMatch(/one.*2.*\?\? .*odd name\.txt/s)
    expect(third).toMatch(/7.*x/s)
    expect(fourth).toMatch(/a\.txt.*odd name\.txt.*sub.*y\.txt.*\/bin\/bash 0 .*\/run-.* \/home\/agent/s)
  })

  test('[SB2] the login cannot be read: by a command, by a file tool, by a link', async () => {
    const folder = join(stage.directory, 'claude')
    const told = await run(
      'clerk',
      bash(
        `cat ${login}; ls -a ${folder}; cat ~/.claude/.credentials.json; find / -name .credentials.json 2>/dev/null`,
      ),
      ['Read', { file_path: login }],
      ['Grep', { pattern: 'note', path: login, output_mode: 'content' }],
      ['Glob', { pattern: '**/.cred*', path: folder }],
      links({ link: login, folder, chain: 'folder' }),
      ['Read', { file_path: 'link' }],
      ['Read', { file_path: 'chain/.credentials.json' }],
      ['Grep', { pattern: 'note', path: 'link', output_mode: 'content' }],
      ['Grep', { pattern: 'note', path: 'folder', output_mode: 'content' }],
      ['Grep', { pattern: 'note', output_mode: 'content', glob: '**/.cred*' }],
      ['Glob', { pattern: 'folder/.cred*' }],
      ['Glob', { pattern: '.cred*', path: 'chain' }],
      ['Edit', { file_path: 'link', old_string: 'note', new_string: 'x' }],
      bash(
        `cat link folder/.cred* /proc/1/root${login} /proc/1/cwd/link; ls /proc/1/fd /proc/1/root /proc/1/root${folder}`,
      ),
    )
    for (const name of ['link', 'folder', 'chain']) expect(told[4]).toContain(`./${name}`)
    for (const index of [1, 2, 3, 5, 6, 7, 8]) expect(told[index]).toMatch(/denied|permission/i)
    for (const index of [0, 13]) expect(told[index]).toMatch(/No such file/)
    expect(told[12]).toContain('error')
    expect(requests()).not.toContain(LOGIN)
    expect(await readFile(login, 'utf8')).toContain(LOGIN)
  })

  test('[SB2] what the CLI keeps of others beside the login is out of the file tools’ reach', async () => {
    const files = ['tasks/x/1.json', 'teams/x/config.json', 'plugins/x.md', 'CLAUDE.md'].map((name) =>
      join(stage.directory, 'claude', name),
    )
    for (const file of files) {
      await mkdir(join(file, '..'), { recursive: true })
      await writeFile(file, OTHER)
    }
    const told = await run('clerk', ...files.map((file): Call => ['Read', { file_path: file }]))
    for (const denied of told) expect(denied).toMatch(/denied|permission/i)
    expect(told.join('\n')).not.toContain(OTHER)
  })

  test('[SB2] nor is it where the login directory is a link', async () => {
    const real = join(directory, `login-${Object.keys(bin).length}`)
    const link = `${real}-link`
    await mkdir(real)
    await symlink(real, link)
    await using linked = await startStage({ env: { ...env, ...bin, CLAUDE_CONFIG_DIR: link } })
    const files = ['tasks/x/1.json', 'teams/x/config.json', 'plugins/x.md', 'CLAUDE.md', 'agent-memory/clerk/x.md']
    for (const file of files) {
      await mkdir(join(real, file, '..'), { recursive: true })
      await writeFile(join(real, file), OTHER)
    }
    const told = await results(linked, 'clerk', [
      ...[real, link].flatMap((folder) => files.map((file): Call => ['Read', { file_path: join(folder, file) }])),
      ...[real, link].map((folder): Call => ['Write', { file_path: join(folder, 'plugins/new.md'), content: 'x' }]),
    ])
    for (const denied of told) expect(denied).toMatch(/denied|permission/i)
    expect(told.join('\n')).not.toContain(OTHER)
  })

  test('[SB2] another run’s workspace, the base clone and the conversations cannot be read', async () => {
    const leaver = new AbortController()
    const other = ask(stage, 'worker', [bash(`echo ${OTHER} > mine.txt; env sleep 605.25`)], leaver.signal)
    other.catch(() => undefined)
    const mine = await until(async () => {
      const names = existsSync(workspaces()) ? await readdir(workspaces()) : []
      return names.map((name) => join(workspaces(), name, 'checkout', 'mine.txt')).find((path) => existsSync(path))
    })
    const before = stage.rehearsal.requests.length
    const told = await run(
      'clerk',
      bash(
        `cat ${mine}; ls ${workspaces()} ${join(stage.directory, 'data')}; cat ../../*/checkout/mine.txt; ls .. ../..`,
      ),
      links({ link: mine, up: '../..' }),
      ['Read', { file_path: mine }],
      ['Read', { file_path: 'link' }],
      ['Grep', { pattern: 'SECRET', path: 'up', output_mode: 'content' }],
      ['Glob', { pattern: '*/checkout/mine.txt', path: 'up' }],
    )
    const said = stage.rehearsal.requests.slice(before).map(({ rawBody }) => rawBody.replaceAll(`echo ${OTHER}`, ''))
    expect(said.join('\n')).not.toContain(OTHER)
    expect(told[0]).not.toMatch(/\bbase\b|conversations/)
    for (const index of [2, 3, 4, 5]) expect(told[index]).toMatch(/denied|permission/i)
    leaver.abort()
    await until(() => runningPrograms('sleep 605.25').length === 0)
  })

  test('[SB3] the environment holds no key, address or setting of ours, and no other process is seen', async () => {
    const [shown, ...files] = await run(
      'clerk',
      bash(
        `env; tr '\\0' '\\n' < /proc/1/environ; cat /proc/${process.pid}/environ /proc/*/environ; ls -d /proc/[0-9]*`,
      ),
      links({ link: '/proc/self/environ', self: '/proc/self' }),
      ['Read', { file_path: '/proc/self/environ' }],
      ['Read', { file_path: `/proc/${process.pid}/environ` }],
      ['Read', { file_path: 'link' }],
      ['Read', { file_path: 'self/environ' }],
      ['Grep', { pattern: 'KEY', path: 'self', output_mode: 'content' }],
    )
    expect(shown).toContain('HOME=/home/agent')
    expect(shown).toContain(`/proc/${process.pid}/environ: No such file`)
    expect(shown?.match(/\/proc\/\d+(?!\/|\d)/g)?.length).toBeLessThan(8)
    for (const word of ['ANTHROPIC', 'CLAUDE', 'VIVAVOCE', 'BEARER', 'XDG_', 'TMPDIR', stage.rehearsal.url]) {
      expect(shown?.replace(/VIVAVOCE_RUN=/g, '')).not.toContain(word)
    }
    for (const key of [REHEARSAL_KEY, KEY, 'KEY-OF-ANOTHER-TENANT']) expect(shown).not.toContain(`=${key}`)
    for (const denied of files.slice(1)) expect(denied).toMatch(/denied|permission|not exist|cannot/i)
    expect(requests()).not.toContain(`ANTHROPIC_API_KEY=${REHEARSAL_KEY}`)
  })

  test('[SB1] nothing outside of the workspace can be written to: by a command, by a file tool, by a link', async () => {
    const outside = [tmpdir(), '/etc', '/usr/bin', '/', stage.directory, join(workspaces(), 'base')].map((folder) =>
      join(folder, 'vivavoce-was-here'),
    )
    const left = join(stage.directory, 'written-through-a-link')
    const files = [...outside, left]
    try {
      const told = await run(
        'clerk',
        bash(outside.map((path) => `echo x > ${path}`).join('; ')),
        bash('echo 5 > /proc/sys/vm/swappiness && echo changed; echo x > inside.txt; cat inside.txt'),
        links({ link: left, folder: stage.directory }),
        ['Write', { file_path: outside[0] ?? '', content: 'x' }],
        ['Write', { file_path: 'link', content: 'x' }],
        ['Write', { file_path: 'folder/written-through-a-link', content: 'x' }],
        ['Write', { file_path: 'inside-too.txt', content: 'x' }],
        bash('cat inside-too.txt'),
      )
      expect(told[0]).toMatch(/Read-only file system/)
      expect(told[1]).toMatch(/Read-only file system.*x/s)
      expect(told[1]).not.toContain('changed')
      expect(told[2]).toMatch(/\.\/link.*\.\/folder|\.\/folder.*\.\/link/s)
      for (const index of [3, 4, 5]) expect(told[index]).toMatch(/denied|permission|symbolic link/i)
      expect(told[7]).toContain('x')
      expect(files.filter((path) => existsSync(path))).toEqual([])
    } finally {
      for (const path of files) await rm(path, { force: true })
    }
  })

  test('[SB4] no port of this machine is reached, but by an agent with `network: true`', async () => {
    const knock = ({ url }: { readonly url: string }): string =>
      `(exec 3<>/dev/tcp/127.0.0.1/${new URL(url).port}) 2>/dev/null && echo OPEN || echo CLOSED`
    const command = bash(`${knock(stage.gateway)}; ${knock(stage.rehearsal)}`)
    const [closed] = await run('worker', command)
    expect(closed).toMatch(/CLOSED.*CLOSED/s)
    const [open] = await run('online', command)
    expect(open).toMatch(/OPEN.*OPEN/s)
  })

  test('[SB5] what a command leaves behind ends with it, also what sheds its mark', async () => {
    const [daemon, orphan] = ['sleep 606.25', 'sleep 607.25']
    const command = `(env -i setsid ${daemon} >/dev/null 2>&1 &); (setsid env ${orphan} >/dev/null 2>&1 &); echo left`
    const [told] = await run('worker', bash(command))
    expect(told).toContain('left')
    await until(() => [...runningPrograms(daemon), ...runningPrograms(orphan)].length === 0)
  })

  test('[SB5] [CA1] a run that is cancelled ends with all that it started, also what sheds its mark', async () => {
    const programs = ['sleep 608.25', 'sleep 609.25', 'sleep 610.25']
    const [one, two, three] = programs
    const leaver = new AbortController()
    const command = `(env -i setsid ${one} &); (setsid env ${two} &); env -i ${three}`
    ask(stage, 'worker', [bash(command)], leaver.signal).catch(() => undefined)
    const running = (): number => programs.flatMap(runningPrograms).length
    await until(() => running() === 3)
    const atMs = Date.now()
    leaver.abort()
    await until(() => running() === 0)
    expect(Date.now() - atMs).toBeLessThan(1000)
  })

  test('[SB5] a command that takes too long ends with all that it started', async () => {
    const program = 'sleep 611.25'
    const [told] = await run('worker', bash(`(setsid env ${program} &); env ${program}`, { timeout: 1000 }))
    expect(told).toMatch(/timed out|143/i)
    await until(() => runningPrograms(program).length === 0)
  })

  test('[SB6] programs that a repository’s settings name are not run outside either', async () => {
    const marker = join(stage.directory, 'ran-outside')
    const plant = [
      `git config core.fsmonitor 'touch ${marker}; echo'`,
      `git config core.sshCommand 'touch ${marker}'`,
      'git config remote.origin.url ssh://nowhere/x',
      `mkdir hooks; printf '#!/bin/sh\\ntouch ${marker}\\n' > hooks/post-checkout; chmod +x hooks/post-checkout`,
      'git config core.hooksPath "$PWD/hooks"',
    ].join('; ')
    // The CLI itself makes a worktree for this kind of agent.
    const helper = { description: 'Helps', prompt: 'say exactly: hi', subagent_type: 'chief', isolation: 'worktree' }
    await ask(stage, 'chief', [bash(plant), ['Agent', helper]])
    expect(requests()).toContain('say exactly: hi')
    expect(existsSync(marker)).toBe(false)
  })

  test('[SB6] no program of the system is started on a PDF of the workspace', async () => {
    const programs = await mkdtemp(join(directory, 'programs-'))
    const names = ['pdftoppm', 'pdfinfo', 'pdftotext', 'mutool', 'gs', 'convert', 'magick', 'file', 'node', 'gh']
    const log = join(programs, 'log')
    for (const name of names) {
      await writeFile(join(programs, name), `#!/bin/sh\necho "${name} $*" >> ${log}\nexit 1\n`, { mode: 0o700 })
    }
    const PATH = `${programs}:${process.env['PATH']}`
    await using own = await startStage({ env: { ...env, ...bin, PATH } })
    await results(own, 'clerk', [
      bash(`printf '%%PDF-1.4\\n%%%%EOF\\n' > a.pdf; head -c 5000000 /dev/zero >> a.pdf`),
      ['Read', { file_path: 'a.pdf', pages: '1-2' }],
      ['Read', { file_path: 'a.pdf' }],
    ])
    expect(existsSync(log) ? await readFile(log, 'utf8') : '').toBe('')
  })

  /** What is left of runs, outside of their workspaces. */
  const left = async (): Promise<readonly string[]> => {
    const temporary = await readdir(join(stage.directory, 'data', 'tmp'), { recursive: true })
    const projects = await readdir(join(stage.directory, 'claude', 'projects'))
    const sessions = join(stage.directory, 'claude', 'sessions')
    const texts = (await readdir(sessions)).map(async (name) => readFile(join(sessions, name), 'utf8').catch(() => ''))
    return [
      ...temporary.filter((name) => /run-|sandbox-/.test(name)),
      ...projects.filter((name) => name.includes('-run-')),
      ...(await Promise.all(texts)).filter((text) => text.includes('/run-')),
    ]
  }

  test('[SB6] [SB9] nothing of the sandbox, and nothing that it printed, is left when a run is over', async () => {
    const [told] = await run('worker', bash('yes | head -c 3000000'))
    expect(told).toContain('tool-results')
    await expect.poll(left, { timeout: 5000 }).toEqual([])
  })

  test('[SB9] nothing that it printed is left of a run that is cancelled', async () => {
    const leaver = new AbortController()
    const inner = `go [rehearse call=!Bash input={"command":"yes | head -c 3000000"}]`
    ask(
      stage,
      'chief',
      [
        ['Agent', { description: 'Helps', prompt: inner, subagent_type: 'chief' }],
        bash('yes | head -c 3000000'),
        bash('env sleep 613.25'),
      ],
      leaver.signal,
    ).catch(() => undefined)
    await until(() => runningPrograms('sleep 613.25').length > 0)
    expect((await left()).length).toBeGreaterThanOrEqual(3)
    leaver.abort()
    await expect.poll(left, { timeout: 5000 }).toEqual([])
  })

  test('[SB9] what is printed is limited, at once and together', async () => {
    await using small = await startStage({ env: { ...env, ...bin, VIVAVOCE_WORKSPACE_MAX_MB: '32' } })
    const most = { bytes: 0 }
    const outside = ['data/tmp', 'claude'].map((name) => join(small.directory, name))
    using _measuring = every(() => {
      const { stdout } = spawnSync('du', ['-sbc', ...outside], { encoding: 'utf8' })
      most.bytes = Math.max(most.bytes, Number.parseInt(stdout.trim().split('\n').at(-1) ?? '', 10))
    })
    // A file that is as large as it may be leaves no room: the run may be stopped for it before it has told so.
    const large = await ask(small, 'worker', [
      bash('yes 0123456789abcdef | head -c 300M; truncate -s 300M /proc/self/fd/1'),
    ])
    expect([200, 503]).toContain(large.status)
    const response = await ask(small, 'worker', [
      ...Array.from({ length: 4 }, () => bash('yes 0123456789abcdef | head -c 12M')),
      bash('env sleep 614.25'),
    ])
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: expect.objectContaining({ code: 'workspace_unusable', message: expect.stringContaining('printed') }) },
    ])
    expect(runningPrograms('sleep 614.25')).toEqual([])
    // What is printed is kept twice for a moment.
    expect(most.bytes).toBeGreaterThan(1e6)
    expect(most.bytes).toBeLessThan(150e6)
  })
})

describe.skipIf(!hasBubblewrap)('programs that run beside file tools', () => {
  test('[SB8] file tools open nothing that a program exchanges for a link while they run', async () => {
    await using stage = await startStage({ env })
    const folder = join(stage.directory, 'claude')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, '.credentials.json'), JSON.stringify({ note: LOGIN }))
    const numbers = Array.from({ length: 20 }, (_, index) => index)
    // renameat2 with RENAME_EXCHANGE: there is no moment at which a name leads nowhere.
    const syscallNumber = process.arch === 'arm64' ? 276 : 316
    const swap = `#!/usr/bin/perl
use Time::HiRes qw(time usleep);
open(F, ">ran"); close F;
my $end = time() + 5;
while (time() < $end) { for my $i (0..19) { syscall(${syscallNumber}, -100, "r$i", -100, "s$i", 2); } usleep(int(rand(3000))); }
`
    const prepare = bash(
      `for i in $(seq 0 19); do mkdir r$i; echo plain > r$i/.credentials.json; printf 'ln -s %s s%s\\n' ${folder} $i; done > l.sh; sh l.sh; cat > swap.pl <<'END'\n${swap}END\nchmod +x swap.pl; git config core.fsmonitor "$PWD/swap.pl"`,
    )
    // The CLI takes this for a command that only reads, and runs the file tools of the same message beside it.
    const beside: readonly Call[] = [
      bash('git status'),
      ...numbers.flatMap((index): readonly Call[] => [
        ['Read', { file_path: `r${index}/.credentials.json` }],
        ['Grep', { pattern: '.', path: `r${index}`, glob: '.cred*', output_mode: 'content' }],
        ['Glob', { pattern: '.cl*', path: `r${index}` }],
      ]),
    ]
    const content = [
      `go [rehearse call=!Bash input=${JSON.stringify(prepare[1])}]`,
      ...beside.map(
        ([tool, input], index) =>
          `[rehearse ${index === 0 ? 'then-call' : 'round=1 call'}=!${tool} input=${JSON.stringify(input)}]`,
      ),
      `[rehearse then-call=!Bash input={"command":"ls ran; ls -dF s0 r0"}]`,
    ].join('\n')
    const response = await stage.fetch('/v1/chat/completions', {
      body: { model: 'clerk/sonnet', messages: [{ role: 'user', content }] },
    })
    expect(response.status).toBe(200)
    const said = stage.rehearsal.requests.map(({ rawBody }) => rawBody).join('\n')
    // It did run, and some of what was opened was a link just then.
    expect(said).toMatch(/ran\\n[rs]0/)
    expect(said).not.toContain(LOGIN)
    expect(said).not.toContain('.claude.json')
  })

  test.skipIf(!hasOlderCli)(
    '[SB8] with version 2.1.197, which would, agents that could have it happen are refused, others are not',
    async () => {
      await using stage = await startStage({ env: { ...env, VIVAVOCE_CLAUDE_BIN: OLDER_CLI } })
      const response = await ask(stage, 'clerk', [bash('echo x')])
      expect([response.status, await response.json()]).toEqual([
        503,
        { error: expect.objectContaining({ code: 'sandbox_unavailable', message: expect.stringContaining('update') }) },
      ])
      expect(stage.rehearsal.requests).toEqual([])
      expect(stage.observations).toContainEqual({
        type: 'sandbox-missing',
        agents: ['clerk'],
        refused: true,
        problem: expect.stringContaining('2.1.197'),
      })
      const [told] = await results(stage, 'worker', [bash('echo ran')])
      expect(told).toContain('ran')
      const [read] = await results(stage, 'writer', [['Read', { file_path: 'a.txt' }]])
      expect(read).toContain('hello')
    },
  )
})

describe('where no sandbox can be had', () => {
  let path: string
  beforeAll(async () => {
    path = await searchPathWithoutBubblewrap(join(directory, 'programs'))
  })

  test('[SB7] agents that run commands, write or have unknown tools are refused, others are not', async () => {
    await using stage = await startStage({ env: { ...env, PATH: path } })
    for (const name of ['worker', 'writer', 'chief']) {
      const response = await ask(stage, name, [bash('echo x')])
      expect([response.status, await response.json()]).toEqual([
        503,
        { error: expect.objectContaining({ code: 'sandbox_unavailable' }) },
      ])
      expect(response.headers.get('x-should-retry')).toBe('false')
    }
    expect(stage.rehearsal.requests).toEqual([])
    expect(stage.observations).toContainEqual({
      type: 'sandbox-missing',
      agents: expect.arrayContaining(['worker', 'online', 'clerk', 'writer', 'chief']),
      refused: true,
      problem: expect.stringContaining('bubblewrap'),
    })
    const submitted = await stage.fetch('/execute', { body: { prompt: 'go', agent: 'worker' } })
    const { job_id: id } = (await submitted.json()) as { readonly job_id: string }
    const job = await until(async () => {
      const found = (await (await stage.fetch(`/jobs/${id}`)).json()) as { readonly status: string }
      return found.status !== 'queued' && found.status !== 'running' && found
    })
    expect(job).toMatchObject({ status: 'error', error: expect.stringContaining('sandbox') })
    const [read] = await results(stage, 'reader', [['Read', { file_path: 'a.txt' }]])
    expect(read).toContain('hello')
  })

  test('[SB7] [LG2] with VIVAVOCE_ALLOW_UNSANDBOXED they run, and what they leave ends with the run', async () => {
    await using stage = await startStage({ env: { ...env, PATH: path, VIVAVOCE_ALLOW_UNSANDBOXED: '1' } })
    const daemon = 'sleep 612.25'
    const [told] = await results(stage, 'worker', [
      bash(`(setsid env ${daemon} >/dev/null 2>&1 &); echo ran; ls ${stage.directory}`),
    ])
    expect(told).toMatch(/ran.*data/s)
    await until(() => runningPrograms(daemon).length === 0)
    expect(stage.observations).toContainEqual(expect.objectContaining({ type: 'sandbox-missing', refused: false }))
  })
})
