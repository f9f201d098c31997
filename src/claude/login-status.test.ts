import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { askLoginStatus, toLoginStatus } from './login-status.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-login-'))
})
afterEach(() => rm(directory, { recursive: true }))

const OUT = { status: 'logged-out' }
const API_KEY = { status: 'logged-in', method: 'an API key' }
const { signal } = new AbortController()

/** Asks a program of which only its answer matters. */
async function ask(script: string, clock = createManualClock(), stop: AbortSignal = signal) {
  const bin = join(directory, 'claude')
  await writeFile(bin, `#!/bin/sh\n${script}\n`)
  await chmod(bin, 0o755)
  const passedOn = { PATH: process.env['PATH'] ?? '' }
  return await askLoginStatus({ bin, passedOn, clock }, { signal: stop })
}

test.each([
  [{ loggedIn: false, authMethod: 'none', apiProvider: 'firstParty' }, OUT],
  [{ loggedIn: true, authMethod: 'api_key', apiKeySource: 'ANTHROPIC_API_KEY' }, API_KEY],
  [
    { loggedIn: true, authMethod: 'oauth_token' },
    { status: 'logged-in', method: 'a token of `claude setup-token`' },
  ],
  [
    { loggedIn: true, authMethod: 'claude.ai' },
    { status: 'logged-in', method: 'a Claude account' },
  ],
  [
    { loggedIn: true, authMethod: 'third_party', apiProvider: 'bedrock' },
    { status: 'logged-in', method: 'bedrock' },
  ],
  [
    { loggedIn: true, authMethod: 'a later one' },
    { status: 'logged-in', method: 'a later one' },
  ],
  [{ loggedIn: true }, { status: 'logged-in', method: 'a login' }],
  [{ loggedIn: 'yes' }, undefined],
  ['a text', undefined],
])('[CM37] what the CLI prints is a login status: %j', (printed, status) => {
  expect(toLoginStatus(JSON.stringify(printed, undefined, 2))).toEqual(status)
})

test('[CM37] what is not whole is no status', () => {
  expect(toLoginStatus('')).toBeUndefined()
  expect(toLoginStatus('{\n  "loggedIn": true,')).toBeUndefined()
})

test('[CM37] the CLI is asked by `auth status --json`; its exit code does not matter', async () => {
  const script = `test "$*" = 'auth status --json' && printf '{\\n  "loggedIn": false\\n}\\n'; exit 1`
  expect(await ask(script)).toEqual(OUT)
})

test('[CM37] a CLI that says it and does not exit is not waited for', async () => {
  expect(await ask(`echo '{"loggedIn": true, "authMethod": "api_key"}'; exec sleep 1000`)).toEqual(API_KEY)
})

test('[CM37] a CLI that does not know the question leaves the login unknown', async () => {
  expect(await ask(`echo "error: unknown command 'auth'" >&2; exit 1`)).toEqual({ status: 'unknown' })
  expect(await ask('exec yes no')).toEqual({ status: 'unknown' })
})

test('[CM37] a CLI that does not say within ten seconds is ended, and the login is unknown', async () => {
  const clock = createManualClock()
  const asked = ask('exec sleep 1000', clock)
  await clock.untilArmed(10_000)
  await clock.advance(10_000)
  expect(await asked).toEqual({ status: 'unknown' })
})

test('[CM37] [LG2] when the server stops, the question ends with its process', async () => {
  const clock = createManualClock()
  const stopping = new AbortController()
  const reason = new Error('stopping')
  const asked = ask('exec sleep 1000', clock, stopping.signal)
  const settled = asked.catch((error: unknown) => error)
  await clock.untilArmed(10_000)
  stopping.abort(reason)
  expect(await settled).toBe(reason)
})
