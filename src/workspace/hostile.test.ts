/** What a run may write to have something run, or read, for it once it is over. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { git, openWorkspaceStage, write, type WorkspaceStage } from '../../test/support/workspace-stage.ts'
import type { Workspace } from './index.ts'

const { signal } = new AbortController()
const SECRET = 'THE-SECRET-OF-ANOTHER'

let stage: WorkspaceStage
let workspace: Workspace
/** Where whatever is run leaves its name. */
let canaries: string
let tool: string
/** Another repository on the machine, which the run must not be told from. */
let other: string
let secretCommit: string

beforeEach(async () => {
  stage = await openWorkspaceStage({ pushBranches: ['agent/*'], files: { 'src/code.txt': 'code\n' } })
  workspace = await stage.workspaces.open({ signal })
  canaries = join(stage.directory, 'canaries')
  await mkdir(canaries)
  tool = join(stage.directory, 'tool')
  await writeFile(tool, `#!/bin/sh\necho "$0 $*" >> "${canaries}/$1-ran"\ncat 2>/dev/null\nexit 0\n`)
  await chmod(tool, 0o755)
  other = join(stage.directory, 'other')
  execFileSync('git', ['init', '-q', '-b', 'main', other])
  await write(other, { 'secret.txt': `${SECRET}\n`, 'src/code.txt': `${SECRET}\n` })
  git(other, 'add', '-A')
  git(other, 'commit', '-qm', SECRET)
  secretCommit = git(other, 'rev-parse', 'HEAD')
})
afterEach(async () => {
  await workspace[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

const hostileConfig = (): string => `[core]
	repositoryformatversion = 0
	bare = false
	fsmonitor = ${tool} fsmonitor
	hooksPath = ${join(stage.directory, 'hooks')}
	sshCommand = ${tool} ssh
	pager = ${tool} pager
	editor = ${tool} editor
	askPass = ${tool} askpass
	gitProxy = ${tool} proxy
	alternateRefsCommand = ${tool} alternates
	attributesFile = ${join(stage.directory, 'attributes')}
	worktree = ${other}
[uploadpack]
	packObjectsHook = ${tool} pack-objects
[uploadarchive]
	allowUnreachable = true
[filter "x"]
	clean = ${tool} clean
	smudge = ${tool} smudge
	required = true
[filter "y"]
	process = ${tool} process
[diff]
	external = ${tool} external
[diff "x"]
	textconv = ${tool} textconv
	command = ${tool} command
[credential]
	helper = !${tool} credential
[gpg]
	program = ${tool} gpg
[commit]
	gpgSign = true
[push]
	gpgSign = true
[extensions]
	partialClone = origin
[remote "origin"]
	url = ext::${tool} ext
	promisor = true
	uploadpack = ${tool} uploadpack
	receivepack = ${tool} receivepack
	vcs = ext
[url "ext::${tool} instead "]
	insteadOf = /
[include]
	path = ${join(other, 'secret.txt')}
[alias]
	fetch = !${tool} alias
`

async function writeHostile(repository: string): Promise<void> {
  await write(repository, { config: hostileConfig(), 'info/attributes': '* filter=x diff=x\n' })
  for (const hooks of [join(repository, 'hooks'), join(stage.directory, 'hooks')]) {
    await mkdir(hooks, { recursive: true })
    for (const name of [
      'pre-commit',
      'post-index-change',
      'reference-transaction',
      'pre-push',
      'post-checkout',
      'update',
    ]) {
      await rm(join(hooks, name), { force: true })
      await writeFile(join(hooks, name), `#!/bin/sh\n${tool} hook-${name}\n`)
      await chmod(join(hooks, name), 0o755)
    }
  }
}

const ran = (): Promise<readonly string[]> => readdir(canaries)

const patchText = async (): Promise<string> => Buffer.from((await workspace.changes({ signal })).patch ?? []).toString()

/** Everything that can be had of the run. */
async function everything(by = signal): Promise<string> {
  const { patch, commits } = await workspace.changes({ signal: by })
  await workspace.push({ branch: 'agent/work', message: 'work', signal: by })
  const pushed = git(stage.repository, 'log', '-p', '--format=%H %an %s', 'agent/work')
  return [Buffer.from(patch ?? []).toString(), JSON.stringify(commits), pushed].join('\n')
}

test('[WS7] nothing that a run wrote is run when its work is told or pushed', async () => {
  const at = workspace.directory
  await write(at, { 'new.txt': 'new\n' })
  git(at, 'add', '-A')
  git(at, 'commit', '-qm', 'work')
  await write(at, {
    '.gitattributes': '* filter=x diff=x merge=x\n*.y filter=y\n',
    'src/code.txt': 'changed\n',
    'b.y': 'y',
    '.gitmodules': `[submodule "s"]\n\tpath = s\n\turl = ext::${tool} module\n\tupdate = !${tool} update\n`,
  })
  for (const name of ['nested', 'src']) {
    execFileSync('git', ['init', '-q', join(at, name)])
    await writeHostile(join(at, name, '.git'))
  }
  await write(at, { 'nested/file.txt': 'nested\n' })
  const config = join(at, '.git', 'config')
  await writeHostile(join(at, '.git'))
  const text = await everything()
  expect(text).toContain('+changed')
  expect(text).toContain('+nested')
  expect(text).toContain('"subject":"work"')
  expect(await ran()).toEqual([])
  // The traps are ones: somebody who runs git there is caught.
  execFileSync('sed', ['-i', '/worktree/d; /^\\[include/,$d; /partialClone/d', config])
  spawnSync('git', ['-C', at, 'status'])
  spawnSync('git', ['-C', at, 'diff'])
  spawnSync('git', ['-C', at, 'add', '-A'])
  expect(await ran()).toEqual(
    expect.arrayContaining(['clean-ran', 'command-ran', 'fsmonitor-ran', 'hook-post-index-change-ran']),
  )
})

test('[WS7] links are told as links, also where a directory was', async () => {
  const at = workspace.directory
  await symlink(join(other, 'secret.txt'), join(at, 'link.txt'))
  await rm(join(at, 'a.txt'))
  await symlink(join(other, 'secret.txt'), join(at, 'a.txt'))
  await rename(join(at, 'src'), join(at, 'was'))
  await symlink(join(other, 'src'), join(at, 'src'))
  await symlink(join(other, 'secret.txt'), join(at, '.gitignore'))
  await symlink(join(other, 'secret.txt'), join(at, '.gitattributes'))
  const text = await everything()
  expect(text).not.toContain(SECRET)
  expect(text).toMatch(/new file mode 120000[^]*\+.*other\/src/)
  expect(text).toMatch(/rename from src\/code.txt\nrename to was\/code.txt/)
})

test('[WS7] a directory that is a link does not hide that its files are gone, whatever it leads to', async () => {
  const at = workspace.directory
  await rename(join(at, 'src'), join(stage.directory, 'moved'))
  await symlink(join(stage.directory, 'moved'), join(at, 'src'))
  expect(await patchText()).toMatch(/new file mode 120000[^]*deleted file mode 100644/)
})

test.each<[string, (objects: string) => Promise<void>]>([
  ['alternates', (objects) => write(objects, { 'info/alternates': `${join(other, '.git', 'objects')}\n` })],
  [
    'a link in place of the objects',
    async (objects) => {
      await rm(objects, { recursive: true })
      await symlink(join(other, '.git', 'objects'), objects)
    },
  ],
  [
    'links to folders of objects',
    async (objects) => {
      for (const name of await readdir(join(other, '.git', 'objects'))) {
        await rm(join(objects, name), { recursive: true, force: true })
        await symlink(join(other, '.git', 'objects', name), join(objects, name))
      }
    },
  ],
  [
    'links to objects',
    async (objects) => {
      for (const path of execFileSync('find', ['.', '-type', 'f'], {
        cwd: join(other, '.git', 'objects'),
        encoding: 'utf8',
      })
        .trim()
        .split('\n')) {
        await mkdir(join(objects, path, '..'), { recursive: true })
        await rm(join(objects, path), { force: true })
        await symlink(join(other, '.git', 'objects', path), join(objects, path))
      }
    },
  ],
])('[WS7] commits of another repository are not taken by way of %s', async (_, borrow) => {
  const own = join(workspace.directory, '.git')
  await borrow(join(own, 'objects'))
  await writeFile(join(own, 'HEAD'), `${secretCommit}\n`)
  // The trap is one.
  expect(git(workspace.directory, 'log', '-1', '--format=%s', secretCommit)).toBe(SECRET)
  const text = await everything()
  expect(text).not.toContain(SECRET)
  expect(text).not.toContain(secretCommit)
})

test.each<[string, (own: string) => Promise<void>]>([
  ['a link to another', (own) => symlink(join(other, '.git'), own)],
  ['a file that names another', (own) => writeFile(own, `gitdir: ${join(other, '.git')}\n`)],
  [
    'one whose HEAD and branches are links',
    async (own) => {
      await mkdir(join(own, 'objects'), { recursive: true })
      await symlink(join(other, '.git', 'HEAD'), join(own, 'HEAD'))
      await symlink(join(other, '.git', 'refs'), join(own, 'refs'))
    },
  ],
])('[WS7] a repository that is %s is not looked into', async (_, make) => {
  const own = join(workspace.directory, '.git')
  await rm(own, { recursive: true })
  await make(own)
  const nested = join(workspace.directory, 'nested')
  await mkdir(nested)
  await make(join(nested, '.git'))
  await write(workspace.directory, { 'nested/x.txt': 'mine\n' })
  const text = await everything()
  expect(text).toContain('+mine')
  expect(text).not.toContain(SECRET)
  expect(text).not.toContain(secretCommit)
})

test('[WS7] objects that are not what their name says, or hold what no tree may, are not taken', async () => {
  const own = workspace.directory
  const blob = execFileSync('git', ['-C', own, 'hash-object', '-w', '--stdin'], {
    input: 'evil',
    encoding: 'utf8',
  }).trim()
  const tree = execFileSync('git', ['-C', own, 'mktree'], {
    input: `100644 blob ${blob}\t.git\n`,
    encoding: 'utf8',
  }).trim()
  const commit = git(own, 'commit-tree', tree, '-m', 'a tree that writes into .git')
  await writeFile(join(own, '.git', 'HEAD'), `${commit}\n`)
  expect((await workspace.changes({ signal })).commits).toEqual([])
  // One that has another's place.
  const [fine = '', another = ''] = ['fine', 'another'].map((message) =>
    git(own, 'commit-tree', git(own, 'rev-parse', 'main^{tree}'), '-m', message),
  )
  const pathOf = (id: string): string => join(own, '.git', 'objects', id.slice(0, 2), id.slice(2))
  await rm(pathOf(fine))
  execFileSync('cp', [pathOf(another), pathOf(fine)])
  await writeFile(join(own, '.git', 'HEAD'), `${fine}\n`)
  expect((await workspace.changes({ signal })).commits).toEqual([])
})

const pipe = (at: string): string => `mkfifo ${at}`

test.each([
  ['an ignore file', pipe('.gitignore')],
  ['an attributes file', `${pipe('.gitattributes')}; echo x > src/code.txt`],
  ['an ignore file in a new directory', `mkdir -p new/er; ${pipe('new/er/.gitignore')}; touch new/er/file`],
  ['an attributes file in a locked directory', `${pipe('src/.gitattributes')}; echo x > src/code.txt; chmod 300 src`],
  [
    'an ignore file in one that has no text for a name',
    `d=$(printf '\\377'); mkdir "$d"; ${pipe('"$d/.gitignore"')}; touch "$d/x"`,
  ],
  ['a list of modules', pipe('.gitmodules')],
  ['a list of names', pipe('.mailmap')],
  ['the repository of a directory', `mkdir -p nested; touch nested/x; ${pipe('nested/.git')}`],
  [
    'the HEAD of a nested repository',
    `git init -q nested; rm nested/.git/HEAD; ${pipe('nested/.git/HEAD')}; touch nested/x`,
  ],
  [
    'the HEAD of what a file leads to',
    `mkdir -p at/objects at/refs nested; ${pipe('at/HEAD')}; echo gitdir: ../at > nested/.git; touch nested/x`,
  ],
  [
    'the common directory of a nested repository',
    `git init -q nested; ${pipe('nested/.git/commondir')}; touch nested/x`,
  ],
  ['a file that was one', `rm a.txt; ${pipe('a.txt')}`],
])('[WS7] a pipe in place of %s holds up nobody', async (_, script) => {
  await write(workspace.directory, { 'mine.txt': 'mine\n' })
  execFileSync('sh', ['-c', script], { cwd: workspace.directory })
  const text = await everything(AbortSignal.timeout(10_000))
  expect(text).toContain('+mine')
  expect(text).not.toMatch(/mailmap|gitmodules/)
})

test.each([
  ['in the common directory of a nested repository', 'git init -q nested; ln -s /dev/zero nested/.git/commondir'],
  ['in place of an ignore file', 'ln -s /dev/zero .gitignore'],
  ['in place of an attributes file', 'ln -s /dev/zero .gitattributes'],
])('[WS7] a link to what has no end is not read %s', async (_, script) => {
  await write(workspace.directory, { 'mine.txt': 'mine\n' })
  execFileSync('sh', ['-c', script], { cwd: workspace.directory })
  expect(await everything(AbortSignal.timeout(10_000))).toContain('+mine')
})

test('[WS7] a pipe that only git could reach, too deep for others, holds up nobody', async () => {
  const name = 'd'.repeat(200)
  const deep = `i=0; while [ $(pwd | wc -c) -lt $((${workspace.directory.length} + 3800)) ]; do mkdir ${name} && cd -P ${name} || exit 1; done; mkdir ${'e'.repeat(120)}; cd -P ${'e'.repeat(120)}; mkfifo .gitignore; touch x`
  execFileSync('sh', ['-c', deep], { cwd: workspace.directory })
  await write(workspace.directory, { 'mine.txt': 'mine\n' })
  expect(await everything(AbortSignal.timeout(10_000))).toContain('+mine')
})

test('[WS7] looking for what has changed is given up after 15 s', async () => {
  const bin = join(stage.directory, 'bin')
  const asked = join(stage.directory, 'asked')
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  // Patterns can be such that git is busy with them for good.
  await write(bin, {
    git: `#!/bin/sh\ncase "$*" in *ls-files*) touch ${asked}; exec sleep 600;; esac\nexec ${real} "$@"\n`,
  })
  await chmod(join(bin, 'git'), 0o755)
  const workspaces = await stage.reopen({ env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } })
  await using slow = await workspaces.open({ signal })
  const failed = slow.changes({ signal }).catch((error: unknown) => error)
  await expect.poll(() => existsSync(asked)).toBe(true)
  await stage.clock.advance(15_000)
  expect(await failed).toMatchObject({
    code: 'workspace_failed',
    message: 'What the run changed could not be told in time.',
  })
  await workspaces.close()
})

test('[WS7] the base clone is as it was, whatever a run did', async () => {
  const at = workspace.directory
  await rm(at, { recursive: true })
  await mkdir(join(at, '.git'), { recursive: true })
  await write(at, { 'a.txt': 'broken' })
  await workspace.changes({ signal })
  await using next = await stage.workspaces.open({ signal })
  expect(git(next.directory, 'fsck', '--strict')).toBe('')
  expect(git(next.directory, 'status', '--short')).toBe('')
})
