import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadClientSettings } from './client-settings.ts'
import { ConfigError } from './load-config.ts'

test('[CM16] the server is the one that VIVAVOCE_URL names, else the one that this machine serves', () => {
  expect(loadClientSettings({})).toEqual({ url: 'http://127.0.0.1:8765', key: undefined, agent: undefined })
  const urlOf = (env: Readonly<Record<string, string>>): string => loadClientSettings(env).url
  expect(urlOf({ VIVAVOCE_HOST: '10.0.0.7', VIVAVOCE_PORT: '80' })).toBe('http://10.0.0.7:80')
  expect(urlOf({ VIVAVOCE_HOST: '0.0.0.0' })).toBe('http://127.0.0.1:8765')
  for (const all of ['::', '[::]', '::1', '[::1]']) expect(urlOf({ VIVAVOCE_HOST: all })).toBe('http://[::1]:8765')
  expect(urlOf({ VIVAVOCE_URL: 'https://voice.example/gateway//', VIVAVOCE_PORT: '0' })).toBe(
    'https://voice.example/gateway',
  )
  expect(urlOf({ VIVAVOCE_URL: 'http://пример.example' })).toBe('http://xn--e1afmkfd.example')
  expect(urlOf({ VIVAVOCE_URL: '' })).toBe('http://127.0.0.1:8765')
})

test.each(['localhost:8765', 'voice', 'ftp://x', 'http://me:secret@x', 'http://x/?a=b', 'http://x/#a', 'http://'])(
  '[CM16] an address that is none is told: %s',
  (url) => {
    expect(() => loadClientSettings({ VIVAVOCE_URL: url })).toThrow(/VIVAVOCE_URL: an address of the form/)
  },
)

test('[CM16] what only a server needs stops no client', () => {
  const env = { VIVAVOCE_HOST: '0.0.0.0', MAX_CONCURRENCY: 'x', API_BEARER_TOKEN: 'k', VIVAVOCE_TENANTS: 'me=k' }
  expect(loadClientSettings(env)).toMatchObject({ url: 'http://127.0.0.1:8765', key: 'k' })
})

test('[CM16] a port that is not known yet, and a key that is none, are told together', () => {
  const problems = (): readonly string[] => {
    try {
      loadClientSettings({ VIVAVOCE_PORT: '0', API_BEARER_TOKEN: 'ключ' })
    } catch (error) {
      if (error instanceof ConfigError) return error.problems
      throw error
    }
    return []
  }
  expect(problems()).toEqual([
    expect.stringContaining('API_BEARER_TOKEN: '),
    expect.stringContaining('VIVAVOCE_URL: where VIVAVOCE_PORT is 0'),
  ])
})

test('[CF1] [CM16] the file that VIVAVOCE_CONFIG names counts, and the environment goes first', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-config-'))
  const path = join(directory, 'vivavoce.env')
  await writeFile(path, 'VIVAVOCE_URL=http://of-file\nAPI_BEARER_TOKEN=of-file\nVIVAVOCE_AGENT=worker\n')
  expect(loadClientSettings({ VIVAVOCE_CONFIG: path, API_BEARER_TOKEN: 'of-environment' })).toEqual({
    url: 'http://of-file',
    key: 'of-environment',
    agent: 'worker',
  })
  await rm(directory, { recursive: true })
})
