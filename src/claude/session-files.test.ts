import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Observation } from '../core/index.ts'
import { identityOf } from '../lib/index.ts'
import { clearSessionFiles, openSessionFiles } from './session-files.ts'

let directory: string
let directories: { readonly loginDirectory: string; readonly records: string }
let child: ChildProcess
let pid: number
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-sessions-'))
  directories = { loginDirectory: join(directory, 'claude'), records: join(directory, 'records') }
  await mkdir(join(directories.loginDirectory, 'sessions'), { recursive: true })
  child = spawn('sleep', ['600'])
  pid = child.pid ?? 0
})
afterEach(async () => {
  child.kill('SIGKILL')
  await rm(directory, { recursive: true, force: true })
})

const put = (name: string, content: object | string): Promise<void> =>
  writeFile(
    join(directories.loginDirectory, 'sessions', name),
    typeof content === 'string' ? content : JSON.stringify(content),
  )
const sessions = async (): Promise<readonly string[]> =>
  (await readdir(join(directories.loginDirectory, 'sessions'))).toSorted()

/** The files of the child, and some that are not the child's. */
async function putAll(): Promise<readonly string[]> {
  const procStart = identityOf(pid).split('.')[1] ?? ''
  await put(`${pid}.json`, { pid, procStart })
  await put(`${pid}.abc.key`, { procStart })
  const others = [`${pid}.other.key`, `${pid}.broken.key`, `${pid}0.json`, '1.json', 'x.json']
  await put(`${pid}.other.key`, { procStart: `${procStart}1` })
  await put(`${pid}.broken.key`, '{')
  for (const name of others.slice(2)) await put(name, { procStart })
  return others.toSorted()
}

const ended = (of: number): Observation => ({
  type: 'process-ended',
  pid: of,
  cause: 'done',
  code: null,
  signal: 'SIGKILL',
  ms: 1,
})

test('[WP22] the session files of a process go when it has ended, those of any other stay', async () => {
  const seen: Observation[] = []
  const files = openSessionFiles(directories)
  const observer = files.following({ observe: (observation) => seen.push(observation) })
  const started: Observation = { type: 'process-started', pid, agent: 'a', model: 'm' }
  observer.observe(started)
  expect(await readdir(directories.records)).toEqual([identityOf(pid)])
  const others = await putAll()
  observer.observe(ended(1))
  observer.observe(ended(pid))
  await files[Symbol.asyncDispose]()
  expect(await sessions()).toEqual(others)
  expect(existsSync(directories.records)).toBe(false)
  expect(seen).toEqual([started, ended(1), ended(pid)])
})

test('[WP22] what a server that is gone left goes at the next start, but nothing of a process that runs', async () => {
  const others = await putAll()
  await mkdir(directories.records)
  await writeFile(join(directories.records, identityOf(pid)), '')
  await writeFile(join(directories.records, 'note'), '')
  const identity = identityOf(pid)
  await clearSessionFiles(directories)
  expect(await sessions()).toHaveLength(others.length + 2)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  await clearSessionFiles(directories)
  expect(await sessions()).toEqual(others)
  expect(await readdir(directories.records)).not.toContain(identity)
})

test('[WP22] without a directory of sessions or of records there is nothing to remove', async () => {
  await rm(directories.loginDirectory, { recursive: true })
  await expect(clearSessionFiles(directories)).resolves.toBeUndefined()
})
