import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clearProjectEntries } from './project-entries.ts'

const ROOT = '/data/workspaces'
const SETTINGS = { userID: 'ж', numStartups: 3, nested: { a: [1, null] } }
const OTHERS = { '/home/me': { allowedTools: ['Read'] }, '/data/workspaces': {}, '/data/workspaces/base': {} }
const OURS = { '/data/workspaces/run-1.2-Ab/checkout': { lastCost: 1 }, '/data/workspaces/run-3.4-Cd/checkout': {} }

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-projects-'))
  path = join(directory, '.claude.json')
  await mkdir(join(directory, 'sessions'))
  await writeFile(path, JSON.stringify({ ...SETTINGS, projects: { ...OTHERS, ...OURS } }, null, 2), { mode: 0o600 })
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const clear = (options: { readonly path?: string } = {}): Promise<void> =>
  clearProjectEntries({ path, loginDirectory: directory, root: ROOT, ...options })

const read = async (): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'))

test('[WP23] the entries of workspaces go, and everything else stays, the rights on the file too', async () => {
  await chmod(path, 0o662)
  await clear()
  expect(await read()).toEqual({ ...SETTINGS, projects: OTHERS })
  expect((await stat(path)).mode & 0o777).toBe(0o662)
  expect((await readdir(directory)).toSorted()).toEqual(['.claude.json', 'sessions'])
})

test('[WP23] a file behind a link is changed, and the link stays', async () => {
  const link = join(directory, 'link.json')
  await symlink(path, link)
  await clear({ path: link })
  expect(await read()).toEqual({ ...SETTINGS, projects: OTHERS })
  expect(await readFile(link, 'utf8')).toBe(await readFile(path, 'utf8'))
})

test('[WP23] nothing is changed while a CLI runs on it or has its lock, nor where there is nothing to remove', async () => {
  const before = await readFile(path, 'utf8')
  const running = spawn('sleep', ['60'])
  await writeFile(join(directory, 'sessions', `${running.pid}.json`), '{}')
  await clear()
  expect(await readFile(path, 'utf8')).toBe(before)
  running.kill()
  await new Promise((resolve) => running.once('exit', resolve))
  await mkdir(`${path}.lock`)
  await clear()
  expect(await readFile(path, 'utf8')).toBe(before)
  await rm(`${path}.lock`, { recursive: true })
  await clear()
  expect(await read()).toEqual({ ...SETTINGS, projects: OTHERS })
})

test.each(['', 'garbage', '[]', '{}', '{"projects":[]}', '{"projects": {"/home/me":1}}'])(
  '[WP23] a file without such entries stays as it is: %j',
  async (text) => {
    await writeFile(path, text)
    await clear()
    expect(await readFile(path, 'utf8')).toBe(text)
  },
)

test('[WP23] where there is no such file, none is made', async () => {
  await clear({ path: join(directory, 'none.json') })
  expect(await readdir(directory)).not.toContain('none.json')
})
