import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRecordingObserver } from '../test/support/recording-observer.ts'
import { loadConfig } from './config/index.ts'
import { openSettingsInForce, readOffer } from './settings-in-force.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-settings-'))
  await mkdir(join(home, 'data'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const load = (env: Readonly<Record<string, string>>) =>
  loadConfig({ HOME: home, VIVAVOCE_DATA_DIR: join(home, 'data'), ...env })

async function open(env: Readonly<Record<string, string>>) {
  const observer = createRecordingObserver()
  const config = load(env)
  return { observer, inForce: await openSettingsInForce(config, { offer: await readOffer(config), observer }) }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

test('[CF18] [CF19] a reload puts keys in force, and those that are gone are nobody’s', async () => {
  const { inForce, observer } = await open({ API_BEARER_TOKEN: 'one' })
  expect([inForce.tenantOf(bearer('one')), inForce.hasTenants]).toEqual(['default', false])
  await inForce.reload(load({ API_BEARER_TOKEN: 'two', VIVAVOCE_TENANTS: 'guest=three', VIVAVOCE_PORT: '1' }))
  expect(['one', 'two', 'three'].map((key) => inForce.tenantOf(bearer(key)))).toEqual([undefined, 'default', 'guest'])
  expect(inForce.hasTenants).toBe(true)
  expect(observer.of('settings-reloaded')).toMatchObject([
    { tenants: ['default', 'guest'], restartFor: ['VIVAVOCE_PORT'] },
  ])
})

test('[CF20] a reload that fails changes nothing: an agent that is not there, another address', async () => {
  const { inForce, observer } = await open({ API_BEARER_TOKEN: 'one' })
  const { offer } = inForce
  for (const bad of [
    { VIVAVOCE_STREAM_AGENT: 'nobody' },
    { VIVAVOCE_AGENTS_DIR: join(home, 'none') },
    { VIVAVOCE_HOST: '127.0.0.2' },
  ]) {
    await expect(inForce.reload(load({ API_BEARER_TOKEN: 'two', ...bad }))).rejects.toThrow()
    expect([inForce.tenantOf(bearer('one')), inForce.tenantOf(bearer('two'))]).toEqual(['default', undefined])
    expect(inForce.offer).toBe(offer)
  }
  expect(observer.of('settings-reloaded')).toEqual([])
})

test('[CF18] without a configured key the one in the file is in force, also a new one', async () => {
  const { inForce } = await open({})
  const first = inForce.key?.value ?? ''
  await inForce.reload(load({}))
  expect(inForce.key?.value).toBe(first)
  await writeFile(join(home, 'data', 'api-key'), `vv-${'0'.repeat(32)}\n`)
  await inForce.reload(load({}))
  expect(inForce.tenantOf(bearer(`vv-${'0'.repeat(32)}`))).toBe('default')
  expect(inForce.tenantOf(bearer(first))).toBeUndefined()
})
