/** Processes of the CLI that are killed, with their server or alone, leave nothing beside the login. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startStage, until } from '../support/stage.ts'

const THEIRS = { '/home/me': { allowedTools: [] } }
/** No process has such a number. */
const GONE = 4_194_303

test('[WP22] [WP23] what killed processes left beside the login is gone when the server starts and when it stops', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-login-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const login = join(directory, 'claude')
  const sessions = async (): Promise<readonly string[]> => (await readdir(join(login, 'sessions'))).toSorted()
  const projects = async (): Promise<unknown> =>
    (JSON.parse(await readFile(join(login, '.claude.json'), 'utf8')) as { projects: unknown }).projects
  // As a server that was killed leaves it, among what others left.
  await mkdir(join(login, 'sessions'), { recursive: true })
  await mkdir(join(directory, 'data', 'processes'), { recursive: true })
  await writeFile(join(directory, 'data', 'processes', `${GONE}.77`), '')
  await writeFile(join(login, 'sessions', `${GONE}.json`), `{"pid":${GONE},"procStart":"77"}`)
  await writeFile(join(login, 'sessions', `${GONE}.a.key`), '{"procStart":"77"}')
  await writeFile(join(login, 'sessions', `${GONE - 1}.json`), `{"pid":${GONE - 1},"procStart":"77"}`)
  const workspace = join(directory, 'data', 'workspaces', 'run-1.2-Ab', 'checkout')
  await writeFile(
    join(login, '.claude.json'),
    JSON.stringify({ userID: 'u', projects: { ...THEIRS, [workspace]: {} } }, null, 2),
  )

  await using stage = await startStage({ directory })
  const started = (): readonly number[] =>
    stage.observations.flatMap((seen) => (seen.type === 'process-started' ? [seen.pid] : []))
  const first = await until(async () => {
    const listed = await sessions()
    const pids = started().filter((pid) => listed.includes(`${pid}.json`))
    return pids.length > 0 && pids
  })
  expect((await sessions()).filter((name) => name.startsWith(`${GONE}.`))).toEqual([])
  expect(await projects()).toEqual(THEIRS)

  for (const pid of first) process.kill(pid, 'SIGKILL')
  await until(async () => {
    const listed = await sessions()
    return !first.some((pid) => listed.some((name) => name.startsWith(`${pid}.`)))
  })
  await stage.gateway.close()
  expect(await sessions()).toEqual([`${GONE - 1}.json`])
  expect(await projects()).toEqual(THEIRS)
  expect(existsSync(join(directory, 'data', 'processes'))).toBe(false)
})
