import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cliEnvironment, gitEnvironment } from './cli-environment.ts'
import { settingNames } from './settings.ts'

const AWS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_PROFILE: 'p', AWS_REGION: 'r' }
const GOOGLE = {
  GOOGLE_APPLICATION_CREDENTIALS: '/key.json',
  CLOUD_ML_REGION: 'r',
  GCLOUD_PROJECT: 'p',
  VERTEX_REGION_CLAUDE_4_5_SONNET: 'r',
  CLOUDSDK_CONFIG: '/c',
}

test('[CF4] what the CLI needs for its login, its network and its files is passed on as it is', () => {
  const env = {
    PATH: '/bin',
    HOME: '/home/ж',
    LANG: 'bg_BG.UTF-8',
    LC_ALL: 'C',
    LC_TIME: '',
    ANTHROPIC_API_KEY: 'key',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
    CLAUDE_CODE_OAUTH_TOKEN: 'token',
    CLAUDE_CONFIG_DIR: '/claude',
    HTTPS_PROXY: 'http://proxy',
    no_proxy: 'localhost',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
  }
  expect(cliEnvironment(env)).toStrictEqual(env)
})

test('[CF4] the server’s key, its settings and everything else stay here', () => {
  const ours = Object.fromEntries(settingNames.map((name) => [name, 'secret']))
  const other = {
    VIVAVOCE_CONFIG: '/c',
    DATABASE_URL: 'secret',
    OPENAI_API_KEY: 'secret',
    GITHUB_TOKEN: 'secret',
    NODE_OPTIONS: '--require=/x.js',
    LD_PRELOAD: '/x.so',
    BASH_ENV: '/x',
    CLAUDECODE: '1',
    SSH_AUTH_SOCK: '/s',
    path: '/x',
    LC_: 'x',
    'LC_ALL=x': 'x',
    XLC_ALL: 'x',
    __proto__x: 'x',
  }
  expect(settingNames).toContain('API_BEARER_TOKEN')
  expect(cliEnvironment({ ...ours, ...other, ...AWS, ...GOOGLE, HOME: '/h', TERM: undefined })).toStrictEqual({
    HOME: '/h',
  })
})

test('[CF4] credentials of Amazon are passed on only where the CLI is told to use Bedrock', () => {
  for (const on of ['1', 'true']) {
    const env = { ...AWS, CLAUDE_CODE_USE_BEDROCK: on }
    expect(cliEnvironment({ ...env, ...GOOGLE, XAWS_KEY: 'x' })).toStrictEqual(env)
  }
  for (const off of ['0', 'false', '', 'yes', undefined]) {
    expect(
      Object.keys(cliEnvironment({ ...AWS, CLAUDE_CODE_USE_BEDROCK: off })).filter((name) => name.startsWith('AWS')),
    ).toEqual([])
  }
})

test('[CF4] credentials of Google are passed on only where the CLI is told to use Vertex', () => {
  for (const on of ['1', 'true']) {
    const env = { ...GOOGLE, CLAUDE_CODE_USE_VERTEX: on }
    expect(cliEnvironment({ ...env, ...AWS, CLOUD_ML_REGION_X: 'x', GCLOUD_PROJECT_X: 'x' })).toStrictEqual(env)
  }
  for (const off of ['0', '', undefined]) {
    const passed = cliEnvironment({ ...GOOGLE, CLAUDE_CODE_USE_VERTEX: off })
    expect(Object.keys(passed).filter((name) => name in GOOGLE)).toEqual([])
  }
})

test('[CF4] both clouds may be in use', () => {
  const env = { ...AWS, ...GOOGLE, CLAUDE_CODE_USE_VERTEX: '1', CLAUDE_CODE_USE_BEDROCK: '1' }
  expect(cliEnvironment(env)).toStrictEqual(env)
})

test('[CF4] git gets how to reach a repository and no login of the CLI', () => {
  expect(
    gitEnvironment({
      PATH: '/bin',
      HOME: '/h',
      LC_ALL: 'C',
      GIT_SSH_COMMAND: 'ssh -i key',
      SSH_AUTH_SOCK: '/s',
      HTTPS_PROXY: 'http://proxy',
      ANTHROPIC_API_KEY: 'secret',
      ANTHROPIC_AUTH_TOKEN: 'secret',
      CLAUDE_CODE_OAUTH_TOKEN: 'secret',
      CLAUDE_CONFIG_DIR: '/claude',
      API_BEARER_TOKEN: 'secret',
      AWS_SECRET_ACCESS_KEY: 'secret',
      GITHUB_TOKEN: 'secret',
      CLAUDE_CODE_USE_BEDROCK: '1',
    }),
  ).toStrictEqual({
    PATH: '/bin',
    HOME: '/h',
    LC_ALL: 'C',
    GIT_SSH_COMMAND: 'ssh -i key',
    SSH_AUTH_SOCK: '/s',
    HTTPS_PROXY: 'http://proxy',
  })
})

test('[CF4] nothing is made up and no value is changed, whatever the environment holds', () => {
  const name = fc.oneof(fc.constantFrom('PATH', 'HOME', 'AWS_X', 'GOOGLE_X', 'LC_X', ...settingNames), fc.string())
  fc.assert(
    fc.property(fc.dictionary(name, fc.string()), (env) => {
      const passed = cliEnvironment(env)
      for (const [key, value] of Object.entries(passed)) expect(env[key]).toBe(value)
      for (const key of settingNames) expect(passed).not.toHaveProperty([key])
      expect(Object.keys(passed).filter((key) => /^(AWS|GOOGLE)_/.test(key))).toEqual([])
    }),
  )
})
