import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Environment } from './environment.ts'
import type { Given } from './layers.ts'
import { ConfigError, loadConfig, loadSourcedConfig } from './load-config.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-layers-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function file(text: string): Promise<string> {
  const path = join(directory, 'vivavoce.env')
  await writeFile(path, text)
  return path
}

function problemsOf(env: Environment, given: Given = {}): readonly string[] {
  try {
    loadConfig(env, given)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('[CF10] an option goes before the environment, the environment before the file, and each source is known', async () => {
  const path = await file('VIVAVOCE_PORT=1\nMAX_CONCURRENCY=1\nMAX_QUEUE_DEPTH=1\nVIVAVOCE_LOG_LEVEL=\n')
  const { config, sources } = loadSourcedConfig(
    { VIVAVOCE_CONFIG: join(directory, 'gone.env'), VIVAVOCE_PORT: '2', MAX_CONCURRENCY: '2', VIVAVOCE_HOST: '' },
    { options: { VIVAVOCE_CONFIG: path, VIVAVOCE_PORT: '3', VIVAVOCE_AGENT: undefined } },
  )
  expect(config).toMatchObject({ VIVAVOCE_PORT: 3, MAX_CONCURRENCY: 2, MAX_QUEUE_DEPTH: 1, VIVAVOCE_LOG_LEVEL: 'info' })
  expect(sources).toMatchObject({
    VIVAVOCE_PORT: 'option',
    MAX_CONCURRENCY: 'environment',
    MAX_QUEUE_DEPTH: 'file',
    VIVAVOCE_LOG_LEVEL: 'default',
    VIVAVOCE_HOST: 'default',
    API_BEARER_TOKEN: 'default',
  })
})

test('[CF10] a problem names where the value stands: the option, the variable, the line', async () => {
  const path = await file('\nMAX_QUEUE_DEPTH=many\n')
  expect(
    problemsOf(
      { MAX_CONCURRENCY: 'x' },
      { options: { VIVAVOCE_CONFIG: path, VIVAVOCE_PORT: '70000', VIVAVOCE_DEFAULT_MODEL: 'a b' } },
    ),
  ).toEqual([
    '--port: at most 65535 is expected',
    '--model: a name without spaces, commas, = or * is expected',
    'MAX_CONCURRENCY: a whole number is expected',
    `${path}:2: MAX_QUEUE_DEPTH: a whole number is expected`,
  ])
})

test('[CF9] the login in the file reaches the CLI, below the environment, and is in no setting', async () => {
  const path = await file('CLAUDE_CODE_OAUTH_TOKEN=of-file\nANTHROPIC_API_KEY=of-file\nHTTPS_PROXY=http://p\n')
  const config = loadConfig({
    HOME: '/h',
    VIVAVOCE_CONFIG: path,
    ANTHROPIC_API_KEY: 'of-env',
    CLAUDE_CODE_OAUTH_TOKEN: '',
  })
  expect(config.cliEnvironment).toEqual({
    HOME: '/h',
    CLAUDE_CODE_OAUTH_TOKEN: 'of-file',
    ANTHROPIC_API_KEY: 'of-env',
    HTTPS_PROXY: 'http://p',
  })
  expect(config.gitEnvironment).toEqual({ HOME: '/h', HTTPS_PROXY: 'http://p' })
})

test('[CF9] [RH3] a login that is given takes the place of every other', async () => {
  const path = await file('CLAUDE_CODE_OAUTH_TOKEN=of-file\nCLAUDE_CONFIG_DIR=/real\nMAX_CONCURRENCY=3\n')
  const config = loadConfig(
    { HOME: '/h', VIVAVOCE_CONFIG: path, ANTHROPIC_API_KEY: 'of-env', AWS_SECRET: 's', https_proxy: 'http://p' },
    { login: { ANTHROPIC_API_KEY: 'rehearsal' } },
  )
  expect(config).toMatchObject({ MAX_CONCURRENCY: 3 })
  expect(config.cliEnvironment).toEqual({ HOME: '/h', ANTHROPIC_API_KEY: 'rehearsal' })
})

test('[CF11] `~` and `~/…` are the home directory, in every path and from every source', async () => {
  const path = await file('VIVAVOCE_AGENTS_DIR=~/ж\nCLAUDE_CONFIG_DIR=~/login\n')
  const config = loadConfig(
    { HOME: directory, VIVAVOCE_CONFIG: '~/vivavoce.env', VIVAVOCE_DATA_DIR: '~/x' },
    { options: { VIVAVOCE_WORKSPACE_REPO: '~', VIVAVOCE_CLAUDE_BIN: '~/bin/claude' } },
  )
  expect(path).toBe(join(directory, 'vivavoce.env'))
  expect(config).toMatchObject({
    dataDirectory: join(directory, 'x'),
    VIVAVOCE_AGENTS_DIR: join(directory, 'ж'),
    VIVAVOCE_WORKSPACE_REPO: directory,
    VIVAVOCE_CLAUDE_BIN: join(directory, 'bin/claude'),
    secretDirectories: [join(directory, 'x'), join(directory, 'login')],
    cliEnvironment: { HOME: directory, CLAUDE_CONFIG_DIR: join(directory, 'login') },
  })
})

test('[CF11] the home of another user is not expanded, and is not a folder either', () => {
  const problem = 'only `~` and `~/…` stand for a home directory. Write the whole path'
  expect(
    problemsOf({ HOME: '/h', VIVAVOCE_DATA_DIR: '~other/x', VIVAVOCE_AGENTS_DIR: '~~', CLAUDE_CONFIG_DIR: '~x' }),
  ).toEqual([`CLAUDE_CONFIG_DIR: ${problem}`, `VIVAVOCE_AGENTS_DIR: ${problem}`, `VIVAVOCE_DATA_DIR: ${problem}`])
  expect(problemsOf({ HOME: '/h', VIVAVOCE_CONFIG: '~other/x.env' })).toContain(`VIVAVOCE_CONFIG: ${problem}`)
  expect(problemsOf({ HOME: '/h', VIVAVOCE_DATA_DIR: './~other' })).toEqual([])
})

test.each(['', '.', 'relative/home'])('[CF11] HOME=%j counts as unset', (home) => {
  const { HOME: _, ...rest } = process.env
  const known = homedir()
  const config = loadConfig({ HOME: home, PATH: rest['PATH'] })
  expect(config).toMatchObject({
    dataDirectory: join(known, '.local/share/vivavoce'),
    cacheDirectory: join(known, '.cache/vivavoce'),
    secretDirectories: [join(known, '.local/share/vivavoce'), join(known, '.claude')],
    cliEnvironment: { HOME: known },
  })
})

test('[CF11] a relative directory of XDG counts as unset, as its specification asks', () => {
  expect(loadConfig({ HOME: '/h', XDG_DATA_HOME: 'data', XDG_CACHE_HOME: 'cache' })).toMatchObject({
    dataDirectory: '/h/.local/share/vivavoce',
    cacheDirectory: '/h/.cache/vivavoce',
  })
})
