import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hasBubblewrap } from '../../test/support/has-bubblewrap.ts'
import { openSandbox } from './open-sandbox.ts'

const run = promisify(execFile)
const searchPath = process.env['PATH'] ?? ''

let directory: string
let temporaryDirectory: string
beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'vivavoce-open-')))
  temporaryDirectory = join(directory, 'tmp')
  await mkdir(temporaryDirectory)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const open = (more: Partial<Parameters<typeof openSandbox>[0]> = {}) =>
  openSandbox({
    searchPath,
    temporaryDirectory,
    maxFileBytes: 65_536,
    runLimits: { memoryBytes: 512 * 1024 * 1024, processes: 200 },
    cgroups: undefined,
    secretDirectories: [],
    ...more,
  })

test.skipIf(!hasBubblewrap)('[SB7] bubblewrap is found and shown to work, and the trial leaves nothing', async () => {
  expect(await open()).toMatchObject({
    ok: true,
    path: expect.stringMatching(/bwrap$/),
    version: expect.stringMatching(/^\d/),
  })
  expect(await readdir(temporaryDirectory)).toEqual([])
})

test('[SB7] without bubblewrap there is none', async () => {
  expect(await open({ searchPath: directory })).toEqual({ ok: false, problem: expect.stringContaining('install it') })
  expect(await open({ searchPath: `${delimiter}relative` })).toMatchObject({ ok: false })
})

test('[SB7] a bubblewrap that does not work is none, and its words are told', async () => {
  await writeFile(
    join(directory, 'bwrap'),
    '#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit\necho "No permissions to create a new namespace" >&2; exit 1\n',
  )
  await chmod(join(directory, 'bwrap'), 0o755)
  expect(await open({ searchPath: directory })).toEqual({
    ok: false,
    problem: expect.stringContaining('No permissions to create a new namespace'),
  })
  expect(await readdir(temporaryDirectory)).toEqual([])
})

test.skipIf(!hasBubblewrap)('[SB2] there is none where runs would see what is secret, also by a link', async () => {
  const link = join(directory, 'login')
  await symlink('/usr/share', link)
  expect(await open({ secretDirectories: [join(directory, 'data'), link] })).toMatchObject({
    ok: false,
    problem: expect.stringContaining('/usr/share lies in a directory of the system'),
  })
})

test.skipIf(!hasBubblewrap)('[SB7] there is none where the CLI would take a part of its path for options', async () => {
  temporaryDirectory = join(directory, 'a -b')
  await mkdir(temporaryDirectory)
  expect(await open()).toMatchObject({ ok: false, problem: expect.stringContaining('" -"') })
})

test.skipIf(!hasBubblewrap)(
  '[SB1] it works for any name of a directory, and each run writes to its own alone',
  async () => {
    const odd = join(directory, `it's $HOME "x" \`id\` Ж🙂\nline`)
    temporaryDirectory = join(odd, 'tmp')
    const workspaces = ['one', 'two'].map((name) => join(odd, name))
    for (const path of [temporaryDirectory, ...workspaces]) await mkdir(path, { recursive: true })
    const found = await open()
    if (!found.ok) throw new Error(found.problem)
    const ways = workspaces.map(async (workspace, index) => {
      await using confinement = await found.sandbox.enter({ directory: workspace, temporaryDirectory, network: false })
      const { CLAUDE_CODE_SHELL_PREFIX: shell = '', PATH: path = '' } = confinement.env
      const command = `echo ${index} > own; ls .. | wc -l; echo "$0" $#`
      const { stdout } = await run(shell, [command, 'not passed on'], { cwd: workspace, env: { SECRET: 'x' } })
      expect(stdout).toBe('2\n/bin/bash 0\n')
      const git = await run(join(path.split(delimiter)[0] ?? '', 'git'), ['init', '-q', 'a b'], { cwd: workspace })
      expect(git.stdout).toBe('')
      expect(await readdir(workspace)).toEqual(['a b', 'own'])
      expect(await readFile(join(workspace, 'own'), 'utf8')).toBe(`${index}\n`)
    })
    await Promise.all(ways)
    expect(await readdir(temporaryDirectory)).toEqual([])
  },
)

test.skipIf(!hasBubblewrap)('[SB1] a program that would start where no run may be does not', async () => {
  const found = await open()
  if (!found.ok) throw new Error(found.problem)
  const workspace = join(directory, 'workspace')
  await mkdir(workspace)
  await using confinement = await found.sandbox.enter({ directory: workspace, temporaryDirectory, network: false })
  const { CLAUDE_CODE_SHELL_PREFIX: shell = '' } = confinement.env
  await expect(run(shell, ['echo started'], { cwd: '/var' })).rejects.toThrow(/chdir/)
})

test.skipIf(!hasBubblewrap)('[SB9] a file that a program writes ends where it may not grow further', async () => {
  const found = await open()
  if (!found.ok) throw new Error(found.problem)
  const workspace = join(directory, 'workspace')
  await mkdir(workspace)
  await using confinement = await found.sandbox.enter({ directory: workspace, temporaryDirectory, network: false })
  const { CLAUDE_CODE_SHELL_PREFIX: shell = '' } = confinement.env
  await run(shell, ['yes > large; yes > large-too; ulimit -f unlimited; yes >> large'], { cwd: workspace }).catch(
    () => undefined,
  )
  for (const name of ['large', 'large-too']) expect((await stat(join(workspace, name))).size).toBe(65_536)
})

test.skipIf(!hasBubblewrap)('[SB6] programs that the CLI would start on a run’s files fail', async () => {
  const found = await open()
  if (!found.ok) throw new Error(found.problem)
  await using confinement = await found.sandbox.enter({ directory, temporaryDirectory, network: false })
  for (const name of ['pdftoppm', 'pdfinfo'])
    await expect(run(name, ['-v'], { env: confinement.env })).rejects.toMatchObject({ code: 1, stdout: '', stderr: '' })
})

test('[SB7] a run for which no sandbox can be made is refused', async () => {
  const found = await open()
  if (!found.ok) return expect([hasBubblewrap, found.problem]).toEqual([false, found.problem])
  await rm(temporaryDirectory, { recursive: true })
  await expect(found.sandbox.enter({ directory, temporaryDirectory, network: false })).rejects.toMatchObject({
    code: 'sandbox_unavailable',
  })
})

/** A bubblewrap that leaves out an option that the sandbox needs. */
async function withoutOption(option: string, values: number): Promise<string> {
  const { stdout } = await run('/bin/sh', ['-c', 'command -v bwrap'])
  const script = `#!/bin/bash
args=()
while [ $# -gt 0 ]; do
  if [ "$1" = '${option}' ]; then shift ${1 + values}; else args+=("$1"); shift; fi
done
exec ${stdout.trim()} "\${args[@]}"
`
  await writeFile(join(directory, 'bwrap'), script, { mode: 0o755 })
  return directory
}

test.skipIf(!hasBubblewrap).each([
  ['--seccomp', 1, /could make any system call.*call unshare, setns, .*keyctl/],
  ['--disable-userns', 0, /not disabled|unshare/i],
  ['--size', 1, /fill \/dev\/shm without a limit/],
] as const)(
  '[SB17] a bubblewrap that does without %s is refused, and the gap is named',
  async (option, values, named) => {
    const found = await open({ searchPath: await withoutOption(option, values) })
    expect(found).toEqual({ ok: false, problem: expect.stringMatching(named) })
  },
)

test('[SB18] a bubblewrap that is too old is refused, whatever else it can do', async () => {
  for (const [version, problem] of [
    ['0.7.0', 'bubblewrap 0.7.0 is too old; install 0.8 or newer'],
    ['0.6', 'bubblewrap 0.6 is too old; install 0.8 or newer'],
  ]) {
    await writeFile(join(directory, 'bwrap'), `#!/bin/sh\necho bubblewrap ${version}\n`, { mode: 0o755 })
    expect(await open({ searchPath: directory })).toEqual({ ok: false, problem })
  }
})

describe.skipIf(!hasBubblewrap)('without a cgroup', () => {
  /** What a command prints, as another user if root runs the test: root's processes are not limited. */
  async function limited(command: string, { asNobody = false } = {}): Promise<string> {
    // The suite's own directory is closed to other users.
    const root = await realpath(await mkdtemp(join(asNobody ? '/tmp' : directory, 'vivavoce-open-')))
    try {
      const [workspace, temporary] = [join(root, 'workspace'), join(root, 'tmp')]
      for (const path of [workspace, temporary]) await mkdir(path)
      const found = await open({ temporaryDirectory: temporary })
      if (!found.ok) throw new Error(found.problem)
      const entered = { directory: workspace, temporaryDirectory: temporary, network: false }
      await using confinement = await found.sandbox.enter(entered)
      const { CLAUDE_CODE_SHELL_PREFIX: shell = '' } = confinement.env
      if (!asNobody) return (await run(shell, [command], { cwd: workspace })).stdout
      await run('chown', ['-R', '65534:65534', root])
      return (await run(shell, [command], { cwd: workspace, uid: 65_534, gid: 65_534 })).stdout
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  }

  test('[SB15] a process has no more memory than it may', async () => {
    const take = (mebibytes: number): string =>
      `perl -e '$x = "x" x (${mebibytes} * 1024 * 1024); print "got\n"' 2>/dev/null`
    expect(await limited(`${take(100)}; ${take(600)}; echo over`)).toBe('got\nover\n')
  })

  test('[SB15] [SB16] [SB24] no limit can be raised again', async () => {
    expect(await limited('for limit in d n c; do ulimit -$limit unlimited; ulimit -$limit; done')).toBe(
      '524288\n4096\n0\n',
    )
  })

  test('[SB20] a program waits for others when the processors are busy, and cannot change that', async () => {
    const niceness = Math.min(19, getPriority() + 10)
    const shown = await limited('nice; nice -n -5 nice 2>/dev/null; renice -n 0 -p $$ >/dev/null 2>&1; nice')
    expect(shown).toBe(`${niceness}\n`.repeat(3))
  })

  test('[SB21] a program ends before the gateway when memory runs out, and cannot change that', async () => {
    const shown = await limited(
      'cat /proc/self/oom_score_adj; (echo 0 > /proc/self/oom_score_adj) 2>/dev/null; cat /proc/self/oom_score_adj',
    )
    expect(shown).toBe('1000\n1000\n')
  })

  test('[SB15] a command has no more processes than it may (as another user where root runs the test)', async () => {
    const isRoot = process.getuid?.() === 0
    const fork = `my @p; while (@p < 1000) { my $p = fork(); last unless defined $p; if (!$p) { sleep 20; exit } push @p, $p } print scalar(@p); kill 9, @p`
    const made = Number(await limited(`perl -e '${fork}'; true`, { asNobody: isRoot }))
    expect(made).toBeGreaterThan(100)
    expect(made).toBeLessThanOrEqual(200)
  })
})
