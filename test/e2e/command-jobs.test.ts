/** The commands that talk to a server, each in a process of its own, on a gateway with the real CLI. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand, startCommand } from '../support/run-command.ts'
import { KEY, startStage, type Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const env = (): Readonly<Record<string, string>> => ({
  VIVAVOCE_URL: stage.gateway.url,
  API_BEARER_TOKEN: KEY,
  VIVAVOCE_AGENT: 'recruiter-triage',
})
const run = (...args: readonly string[]) => runCommand(args, { env: env() })
const json = async (...args: readonly string[]): Promise<unknown> => {
  const { code, out, err } = await run(...args, '--json')
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out)
}

test('[CM6] [CM7] a job is submitted by stdin and waited for; its output is all there is on stdout', async () => {
  const { code, out, err } = await runCommand(['jobs', 'submit', '--wait'], {
    env: env(),
    input: 'say exactly: Готово 🙂 @/etc/passwd',
  })
  expect([code, out]).toEqual([0, 'Готово 🙂 @/etc/passwd\n'])
  expect(err).toMatch(/^job job_\w+$/m)
  expect(err).toMatch(/^completed in \d+s/m)
})

test('[CM6] one key is one job', async () => {
  const first = await json('jobs', 'submit', '--key', 'once', 'say exactly: once')
  const again = await json('jobs', 'submit', '--key', 'once', 'say exactly: once')
  expect(again).toMatchObject({ job_id: (first as { job_id: string }).job_id })
  const other = await run('jobs', 'submit', '--key', 'once', 'say exactly: twice')
  expect(other.code).toBe(1)
  expect(other.err).toContain('idempotency-key')
})

test('[CM8] [CM9] a job is listed, followed as it happens, and followed again from its beginning', async () => {
  const { job_id: id } = (await json('jobs', 'submit', '--metadata', '{"a":1}', 'count to 20')) as { job_id: string }
  const counted = Array.from({ length: 20 }, (_, at) => at + 1).join(' ')
  for (const followed of [await run('jobs', 'follow', id), await run('jobs', 'follow', id)]) {
    expect([followed.code, followed.out]).toEqual([0, counted])
    expect(followed.err).toMatch(/^running$/m)
    expect(followed.err).toMatch(/^completed in /m)
  }
  const events = (await run('jobs', 'follow', '--json', id)).out.trimEnd().split('\n')
  const parsed = events.map((line) => JSON.parse(line) as { type: string; sequence: number; text?: string })
  expect(parsed.map(({ sequence }) => sequence)).toEqual(parsed.map((_, at) => at + 1))
  expect(parsed.map(({ text }) => text ?? '').join('')).toBe(counted)
  expect(parsed.at(0)?.type).toBe('queued')
  expect(parsed.at(-1)).toMatchObject({ type: 'ended', status: 'completed' })
  expect(await json('jobs', 'list', '--status', 'completed', '--limit', '1')).toMatchObject([
    { job_id: id, status: 'completed', metadata: { a: 1 } },
  ])
  expect((await run('jobs', 'list')).out).toContain(id)
})

test('[CM9] [CM10] a job that is followed is cancelled: the follower is told', async () => {
  const { job_id: id } = (await json('jobs', 'submit', 'count to 900 [rehearse slow=50]')) as { job_id: string }
  await using following = startCommand(['jobs', 'follow', id], { env: env(), input: '' })
  await following.says(/1 2 3/)
  expect(await run('jobs', 'cancel', id)).toEqual({ code: 0, out: `${id}: cancelled\n`, err: '' })
  const { code, err } = await following.ended
  expect(code).toBe(1)
  expect(err).toMatch(/^cancelled/m)
  expect(await run('jobs', 'cancel', id)).toMatchObject({ code: 0, out: `${id}: cancelled\n` })
})

test('[CM8] [CM10] [CM11] conversations are listed, shown and forgotten, whatever their names', async () => {
  const names = ['кухня 🙂', '..', 'a/b', '-x']
  for (const session_id of names) {
    const said = await stage.fetch('/v1/conversational', {
      body: { session_id, message: `say exactly: ${session_id}` },
    })
    expect(said.status).toBe(200)
  }
  const listed = (await json('conversations', 'list', '--limit', '10')) as { session_id: string; turns: number }[]
  expect(listed.map(({ session_id: id }) => id)).toEqual(names.toReversed())
  expect((await run('conversations', 'list')).out).toContain('кухня 🙂')
  for (const name of names) {
    const { code, out } = await run('conversations', 'show', '--', name)
    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^── user {2}/),
      `say exactly: ${name}`,
      expect.stringMatching(/^── assistant {2}\S+ {2}conversational\/\w+$/),
      name,
      '',
    ])
  }
  expect(await run('conversations', 'forget', '--', ...names)).toMatchObject({ code: 0, err: '' })
  expect(await run('conversations', 'list')).toEqual({ code: 0, out: '', err: 'no conversations\n' })
  expect(await run('conversations', 'show', '..')).toMatchObject({ code: 1, out: '' })
})

test('[CM13] a wrong key and a job that is not there are told', async () => {
  const wrong = await runCommand(['jobs', 'list'], { env: { ...env(), API_BEARER_TOKEN: 'wrong' } })
  expect(wrong.code).toBe(1)
  expect(wrong.err).toContain('API_BEARER_TOKEN')
  expect(await run('jobs', 'follow', 'job_none')).toMatchObject({ code: 1, out: '' })
})
