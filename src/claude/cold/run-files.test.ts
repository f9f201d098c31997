import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Observation } from '../../core/index.ts'
import { clearRunFiles, openRunFiles } from './run-files.ts'

let root: string
let loginDirectory: string
let temporaryRoot: string
let observations: Observation[]
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'vivavoce-run-files-')))
  loginDirectory = join(root, 'claude')
  temporaryRoot = join(root, 'tmp')
  observations = []
  await mkdir(temporaryRoot)
})
afterEach(() => rm(root, { recursive: true, force: true }))

const open = (directory: string) =>
  openRunFiles({
    temporaryRoot,
    loginDirectory,
    directory,
    observer: { observe: (observation) => observations.push(observation) },
  })

async function put(path: string, text = 'x'): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

test('[SB9] what the CLI kept of a run goes with it, what it kept of others stays', async () => {
  const directory = '/data/workspaces/run-1.2-Ab/checkout'
  const others = [
    'projects/-data-workspaces-run-1-2-Abc-checkout/a/tool-results/x.txt',
    'projects/-home-me/a.jsonl',
    'sessions/41.json',
    'sessions/4.json',
    '.credentials.json',
  ]
  {
    await using files = await open(directory)
    await put(join(files.temporaryDirectory, 'claude-0', 'x', 'tasks', 'y.output'))
    await put(join(loginDirectory, 'projects/-data-workspaces-run-1-2-Ab-checkout/a/tool-results/x.txt'))
    for (const path of others) await put(join(loginDirectory, path))
    expect(dirname(files.temporaryDirectory)).toBe(temporaryRoot)
    expect(files.growing.every((path) => existsSync(path))).toBe(true)
  }
  expect(await readdir(temporaryRoot)).toEqual([])
  for (const path of others) expect(existsSync(join(loginDirectory, path))).toBe(true)
  expect(await readdir(join(loginDirectory, 'projects'))).toHaveLength(2)
  expect(await readdir(join(loginDirectory, 'sessions'))).toEqual(['4.json', '41.json'])
  expect(observations).toEqual([])
})

test('[SB9] a project whose name the CLI has cut is known by what lies in the run’s temporary directory', async () => {
  const name = `-${'d'.repeat(199)}`
  const others = [`${name}-other`, name]
  {
    await using files = await open(`/${'d'.repeat(250)}/checkout`)
    await put(join(files.temporaryDirectory, 'claude-0', `${name}-1a2b`, 'x'))
    for (const project of [`${name}-1a2b`, ...others]) await put(join(loginDirectory, 'projects', project, 'x'))
  }
  expect((await readdir(join(loginDirectory, 'projects'))).toSorted()).toEqual(others.toSorted())
})

test('[SB9] where the CLI kept nothing there is nothing to remove, and what cannot be removed is told', async () => {
  {
    await using _files = await open('/w')
  }
  expect(await readdir(temporaryRoot)).toEqual([])
  await put(join(loginDirectory, 'projects'))
  {
    await using _files = await open('/w')
  }
  expect(observations).toMatchObject([{ type: 'cleanup-failed', what: 'files of a run' }])
})

test('[SB9] a run is refused where it can have no temporary directory', async () => {
  await rm(temporaryRoot, { recursive: true })
  await expect(open('/w')).rejects.toMatchObject({ code: 'workspace_failed' })
})

test('[SB9] at the start what is left of runs in workspaces below a directory goes, nothing else', async () => {
  await clearRunFiles({ loginDirectory, root: '/data/workspaces' })
  const names = ['-data-workspaces-run-1-2-Ab-checkout', '-data-workspaces-base', '-data-workspaces', '-my-work']
  for (const name of names) await put(join(loginDirectory, 'projects', name, 'x'))
  await clearRunFiles({ loginDirectory, root: '/data/workspaces' })
  expect((await readdir(join(loginDirectory, 'projects'))).toSorted()).toEqual(names.slice(1).toSorted())
  await clearRunFiles({ loginDirectory, root: `/${'d'.repeat(250)}` })
})
