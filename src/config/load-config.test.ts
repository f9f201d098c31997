import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Environment } from './environment.ts'
import { ConfigError, isLoopback, loadConfig } from './load-config.ts'
import { poolSize } from './pool-size.ts'
import { settingNames } from './settings.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-config-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function file(lines: string): Promise<{ readonly VIVAVOCE_CONFIG: string }> {
  const path = join(directory, 'vivavoce.env')
  await writeFile(path, lines)
  return { VIVAVOCE_CONFIG: path }
}

function problemsOf(env: Environment): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('[CF1] with nothing set every setting has its default', () => {
  expect(loadConfig({ HOME: '/home/ж' })).toEqual({
    VIVAVOCE_HOST: '127.0.0.1',
    VIVAVOCE_PORT: 8765,
    VIVAVOCE_MODELS: ['haiku', 'sonnet', 'opus'],
    VIVAVOCE_DEFAULT_MODEL: 'sonnet',
    VIVAVOCE_DEFAULT_ALIASES: true,
    VIVAVOCE_STREAM_AGENT: 'conversational',
    VIVAVOCE_PERSONA: 'fallback',
    MAX_CONCURRENCY: 10,
    MAX_QUEUE_DEPTH: 100,
    CONVERSATIONAL_TIMEOUT_SECONDS: 120,
    VIVAVOCE_START_TIMEOUT_SECONDS: 30,
    VIVAVOCE_FIRST_TOKEN_TIMEOUT_SECONDS: 60,
    VIVAVOCE_TOKEN_GAP_TIMEOUT_SECONDS: 30,
    VIVAVOCE_WRITE_TIMEOUT_SECONDS: 30,
    VIVAVOCE_AFTER_RESULT_TIMEOUT_SECONDS: 5,
    VIVAVOCE_AGENT_TIMEOUT_SECONDS: 900,
    VIVAVOCE_AGENT_BUDGET_USD: 2,
    VIVAVOCE_JOB_MAX_TIMEOUT_SECONDS: 82_800,
    VIVAVOCE_WORKSPACE_MAX_MB: 2048,
    VIVAVOCE_SANDBOX_PROCESSES: 1024,
    VIVAVOCE_ALLOW_UNSANDBOXED: false,
    VIVAVOCE_HEADER_HOLD_MS: 1000,
    VIVAVOCE_MAX_BODY_MB: 32,
    JOB_TTL_SECONDS: 604_800,
    VIVAVOCE_CONVERSATION_TTL_DAYS: 90,
    VIVAVOCE_JOB_ATTEMPTS: 3,
    VIVAVOCE_JOB_HEARTBEAT_SECONDS: 10,
    VIVAVOCE_LOG_LEVEL: 'info',
    dataDirectory: '/home/ж/.local/share/vivavoce',
    loginDirectory: '/home/ж/.claude',
    secretDirectories: ['/home/ж/.local/share/vivavoce', '/home/ж/.claude'],
    cacheDirectory: '/home/ж/.cache/vivavoce',
    cliEnvironment: { HOME: '/home/ж' },
    gitEnvironment: { HOME: '/home/ж' },
    pool: { max: expect.any(Number), spares: expect.any(Number), memoryMb: expect.any(Number) },
    runLimits: { memoryBytes: expect.any(Number), processes: 1024 },
    jobConcurrency: 5,
    cores: availableParallelism(),
    searchPath: '',
  })
})

test.each([
  [1, 1],
  [2, 1],
  [3, 1],
  [10, 5],
])('[AD5] of %j slots jobs may have %j, unless it is set', (slots, jobs) => {
  const MAX_CONCURRENCY = String(slots)
  expect(loadConfig({ MAX_CONCURRENCY }).jobConcurrency).toBe(jobs)
  expect(loadConfig({ MAX_CONCURRENCY, VIVAVOCE_JOB_CONCURRENCY: MAX_CONCURRENCY }).jobConcurrency).toBe(slots)
  expect(() => loadConfig({ MAX_CONCURRENCY, VIVAVOCE_JOB_CONCURRENCY: String(slots + 1) })).toThrow(
    `VIVAVOCE_JOB_CONCURRENCY: ${slots + 1} is more than MAX_CONCURRENCY (${slots})`,
  )
})

test('[CF1] settings of the file count, and those of the environment go first', async () => {
  const config = loadConfig({
    ...(await file(
      'VIVAVOCE_PORT=1\n# a remark\nMAX_CONCURRENCY="2"\nexport JOB_TTL_SECONDS=3\nAPI_BEARER_TOKEN=of-file\n',
    )),
    VIVAVOCE_PORT: '4',
  })
  expect(config).toMatchObject({
    VIVAVOCE_PORT: 4,
    MAX_CONCURRENCY: 2,
    JOB_TTL_SECONDS: 3,
    API_BEARER_TOKEN: 'of-file',
    MAX_QUEUE_DEPTH: 100,
  })
})

test('[CF1] an empty value counts as unset, in the environment and in the file', async () => {
  const config = loadConfig({
    ...(await file('VIVAVOCE_PORT=1\nMAX_CONCURRENCY=\nAPI_BEARER_TOKEN=\n')),
    VIVAVOCE_PORT: '',
    MAX_CONCURRENCY: '',
    VIVAVOCE_HOST: '',
    VIVAVOCE_MODEL_ALIASES: undefined,
  })
  expect(config).toMatchObject({ VIVAVOCE_PORT: 1, MAX_CONCURRENCY: 10, VIVAVOCE_HOST: '127.0.0.1' })
  expect(config.API_BEARER_TOKEN).toBeUndefined()
  expect(loadConfig({ VIVAVOCE_CONFIG: '' }).VIVAVOCE_PORT).toBe(8765)
})

test('[CF1] lists are read with spaces and gaps between their names', () => {
  const config = loadConfig({
    VIVAVOCE_MODELS: ' fast , us/slow,,',
    VIVAVOCE_DEFAULT_MODEL: 'fast',
    VIVAVOCE_MODEL_ALIASES: ' gpt-* = fast ,, work=recruiter-triage/fast ',
  })
  expect(config.VIVAVOCE_MODELS).toEqual(['fast', 'us/slow'])
  expect(config.VIVAVOCE_MODEL_ALIASES).toEqual([
    { pattern: 'gpt-*', target: 'fast' },
    { pattern: 'work', target: 'recruiter-triage/fast' },
  ])
})

test('[CF1] [IM3] hosts that need not be public are read with their ports, those of IPv6 in brackets', () => {
  expect(
    loadConfig({ VIVAVOCE_PRIVATE_HOSTS: ' intranet , 10.0.0.7:8080,[::1],[::1]:80 ' }).VIVAVOCE_PRIVATE_HOSTS,
  ).toEqual(['intranet', '10.0.0.7:8080', '[::1]', '[::1]:80'])
  for (const nothing of [{}, { VIVAVOCE_PRIVATE_HOSTS: '' }])
    expect(loadConfig(nothing).VIVAVOCE_PRIVATE_HOSTS).toBeUndefined()
})

test.each(['http://intranet', 'intranet/pictures', 'intranet:port', 'name@intranet'])(
  '[CF2] [IM3] %j is no host and no host with its port',
  (host) => {
    expect(problemsOf({ VIVAVOCE_PRIVATE_HOSTS: `intranet,${host}` })).toEqual([
      expect.stringMatching(/^VIVAVOCE_PRIVATE_HOSTS: /),
    ])
  },
)

test('[CF1] directories are worked out from what is set', () => {
  expect(loadConfig({ HOME: '/h', XDG_DATA_HOME: '/data' }).dataDirectory).toBe('/data/vivavoce')
  expect(loadConfig({ HOME: '/h', XDG_DATA_HOME: '' }).dataDirectory).toBe('/h/.local/share/vivavoce')
  expect(loadConfig({ HOME: '/h', VIVAVOCE_DATA_DIR: '/own/ж' }).dataDirectory).toBe('/own/ж')
  expect(loadConfig({ VIVAVOCE_DATA_DIR: '/own', CLAUDE_CONFIG_DIR: '/login' }).secretDirectories).toEqual([
    '/own',
    '/login',
  ])
  expect(loadConfig({ HOME: '/h', VIVAVOCE_DATA_DIR: 'own' }).dataDirectory).toBe(join(process.cwd(), 'own'))
  expect(loadConfig({ HOME: '/h', XDG_CACHE_HOME: '/cache' }).cacheDirectory).toBe('/cache/vivavoce')
  expect(loadConfig({ HOME: '/h', XDG_CACHE_HOME: '' }).cacheDirectory).toBe('/h/.cache/vivavoce')
  expect(loadConfig({ PATH: '/bin:/usr/bin' }).searchPath).toBe('/bin:/usr/bin')
})

test('[CF22] a folder of PATH that is relative is one of the directory the gateway was started in', () => {
  const { searchPath, cliEnvironment, gitEnvironment } = loadConfig({
    HOME: '/h',
    PATH: ':.:node_modules/.bin:/usr/bin',
  })
  const here = process.cwd()
  expect(searchPath).toBe(`${here}:${here}:${join(here, 'node_modules/.bin')}:/usr/bin`)
  expect([cliEnvironment['PATH'], gitEnvironment['PATH']]).toEqual([searchPath, searchPath])
  expect(loadConfig({ HOME: '/h' }).cliEnvironment).not.toHaveProperty('PATH')
})

const NO_TENANT = 'entries of the form name=KEY are expected; a name is of a-z, 0-9 and -, and not `default`'

test.each([
  ['VIVAVOCE_PORT', 'many', 'a whole number is expected'],
  ['VIVAVOCE_PORT', '80.5', 'a whole number is expected'],
  ['VIVAVOCE_PORT', ' 80', 'a whole number is expected'],
  ['VIVAVOCE_PORT', '-1', 'at least 0 is expected'],
  ['VIVAVOCE_PORT', '65536', 'at most 65535 is expected'],
  ['VIVAVOCE_PORT', '99999999999999999999', 'at most 65535 is expected'],
  ['API_BEARER_TOKEN', 'two words', 'visible ASCII characters without spaces are expected'],
  ['API_BEARER_TOKEN', 'ключ', 'visible ASCII characters without spaces are expected'],
  ['VIVAVOCE_ALLOW_UNSANDBOXED', 'yes', '0 or 1 is expected'],
  ['VIVAVOCE_MODELS', ' , ', 'at least one name is expected'],
  ['VIVAVOCE_MODELS', 'a=b', 'a name without spaces, commas, = or * is expected'],
  ['VIVAVOCE_PRIVATE_HOSTS', ' , ', 'at least one name is expected'],
  ['VIVAVOCE_PRIVATE_HOSTS', 'a b', 'a name without spaces, commas, = or * is expected'],
  ['VIVAVOCE_PRIVATE_HOSTS', '*', 'a name without spaces, commas, = or * is expected'],
  ['VIVAVOCE_DEFAULT_MODEL', 'a b', 'a name without spaces, commas, = or * is expected'],
  ['VIVAVOCE_MODEL_ALIASES', 'gpt', '`gpt` is not of the form name=model'],
  ['VIVAVOCE_MODEL_ALIASES', 'gpt=', '`gpt=` is not of the form name=model'],
  ['VIVAVOCE_MODEL_ALIASES', '=haiku', '`=haiku` is not of the form name=model'],
  ['VIVAVOCE_MODEL_ALIASES', 'a=b=c', '`a=b=c` is not of the form name=model'],
  ['VIVAVOCE_STREAM_AGENT', 'a*', 'a name without spaces, commas, = or * is expected'],
  ['VIVAVOCE_TENANTS', 'acme', NO_TENANT],
  ['VIVAVOCE_TENANTS', '=KEY', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'acme=', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'Acme=KEY', NO_TENANT],
  ['VIVAVOCE_TENANTS', '-acme=KEY', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'a_b=KEY', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'acme =KEY', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'acme= KEY', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'acme=two words', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'acme=ключ', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'default=KEY', NO_TENANT],
  ['VIVAVOCE_TENANTS', 'acme=KEY;b=KEY2,c', NO_TENANT],
  ['VIVAVOCE_POOL_MAX', '-1', 'at least 0 is expected'],
  ['VIVAVOCE_POOL_MAX', '1001', 'at most 1000 is expected'],
  ['VIVAVOCE_POOL_MAX', 'auto', 'a whole number is expected'],
  ['VIVAVOCE_POOL_SPARES', '-1', 'at least 0 is expected'],
  ['VIVAVOCE_POOL_SPARES', '1.5', 'a whole number is expected'],
  ['VIVAVOCE_POOL_MEMORY_MB', '127', 'at least 128 is expected'],
  ['VIVAVOCE_POOL_MEMORY_MB', '10000001', 'at most 10000000 is expected'],
  ['VIVAVOCE_START_TIMEOUT_SECONDS', '0', 'at least 1 is expected'],
  ['VIVAVOCE_AFTER_RESULT_TIMEOUT_SECONDS', '0', 'at least 1 is expected'],
  ['VIVAVOCE_AFTER_RESULT_TIMEOUT_SECONDS', '0.5', 'a whole number is expected'],
  ['VIVAVOCE_WORKSPACE_REPO', '--upload-pack=x', 'a repository does not begin with a dash'],
  ['VIVAVOCE_WORKSPACE_BRANCH', '-x', 'the name of a branch is expected'],
  ['VIVAVOCE_WORKSPACE_BRANCH', 'a b', 'the name of a branch is expected'],
  ['VIVAVOCE_WORKSPACE_BRANCH', 'a..b', 'the name of a branch is expected'],
  ['VIVAVOCE_WORKSPACE_MAX_MB', '0', 'at least 1 is expected'],
  ['VIVAVOCE_SANDBOX_MEMORY_MB', '63', 'at least 64 is expected'],
  ['VIVAVOCE_SANDBOX_PROCESSES', '15', 'at least 16 is expected'],
  ['VIVAVOCE_PUSH_BRANCHES', ',', 'at least one name is expected'],
  ['VIVAVOCE_PUSH_BRANCHES', 'agent/*,a b', 'names of branches are expected, with * for any text'],
  ['VIVAVOCE_PUSH_BRANCHES', '-*', 'names of branches are expected, with * for any text'],
  ['MAX_CONCURRENCY', '0', 'at least 1 is expected'],
  ['MAX_CONCURRENCY', '1001', 'at most 1000 is expected'],
  ['MAX_QUEUE_DEPTH', '-1', 'at least 0 is expected'],
  ['CONVERSATIONAL_TIMEOUT_SECONDS', '86401', 'at most 86400 is expected'],
  ['VIVAVOCE_AGENT_BUDGET_USD', '0', 'more than 0 is expected'],
  ['VIVAVOCE_AGENT_BUDGET_USD', '$2', 'a number is expected'],
  ['VIVAVOCE_AGENT_BUDGET_USD', '1e3', 'a number is expected'],
  ['VIVAVOCE_HEADER_HOLD_MS', '4001', 'at most 4000 is expected'],
  ['VIVAVOCE_MAX_BODY_MB', '0', 'at least 1 is expected'],
  ['JOB_TTL_SECONDS', '0', 'at least 1 is expected'],
  ['VIVAVOCE_JOB_ATTEMPTS', '0', 'at least 1 is expected'],
  ['VIVAVOCE_JOB_ATTEMPTS', '11', 'at most 10 is expected'],
  ['VIVAVOCE_JOB_HEARTBEAT_SECONDS', '4', 'at least 5 is expected'],
  ['VIVAVOCE_JOB_HEARTBEAT_SECONDS', '3601', 'at most 3600 is expected'],
])('[CF2] %s=%j is refused by name', (name, value, problem) => {
  expect(problemsOf({ [name]: value })).toEqual([`${name}: ${problem}`])
})

test('[CF2] an unknown log level is refused with those there are', () => {
  expect(problemsOf({ VIVAVOCE_LOG_LEVEL: 'loud' })).toEqual([
    expect.stringMatching(/^VIVAVOCE_LOG_LEVEL: .*debug.*info.*warn.*error.*silent/),
  ])
})

test('[CF2] a persona that is treated in no known way is refused with those there are', () => {
  expect(problemsOf({ VIVAVOCE_PERSONA: 'append' })).toEqual([
    expect.stringMatching(/^VIVAVOCE_PERSONA: .*prepend.*fallback.*off/),
  ])
})

test('[CF1] [CC17] each way to treat a persona is taken', () => {
  for (const way of ['prepend', 'fallback', 'off']) {
    expect(loadConfig({ VIVAVOCE_PERSONA: way }).VIVAVOCE_PERSONA).toBe(way)
  }
})

test('[CF2] the ends of each range are taken', () => {
  expect(
    problemsOf({
      VIVAVOCE_PORT: '0',
      MAX_CONCURRENCY: '1000',
      MAX_QUEUE_DEPTH: '0',
      VIVAVOCE_HEADER_HOLD_MS: '0',
      VIVAVOCE_AGENT_BUDGET_USD: '0.01',
      JOB_TTL_SECONDS: '31536000',
      VIVAVOCE_POOL_MAX: '0',
      VIVAVOCE_POOL_SPARES: '1000',
      VIVAVOCE_POOL_MEMORY_MB: '128',
      VIVAVOCE_WORKSPACE_BRANCH: 'feature/ж-1',
    }),
  ).toEqual([])
})

test('[CF1] [WS9] the branches that may be pushed are read with spaces and gaps between them; there are none by default', () => {
  expect(loadConfig({}).VIVAVOCE_PUSH_BRANCHES).toBeUndefined()
  expect(loadConfig({ VIVAVOCE_PUSH_BRANCHES: ' agent/*, ,*,main ' }).VIVAVOCE_PUSH_BRANCHES).toEqual([
    'agent/*',
    '*',
    'main',
  ])
})

test('[CF2] every problem is told at once: of form, of name, of the file', async () => {
  const named = await file('VIVAVOCE_PROT=1\nPATH=/bin\nMAX_CONCURRENCY=many\n')
  const path = named.VIVAVOCE_CONFIG
  const problems = problemsOf({ ...named, VIVAVOCE_PORT: 'x', VIVAVOCE_MODLES: 'a', VIVAVOCE_MODEL_ALIASES: 'a,b=' })
  expect(problems.toSorted()).toEqual([
    `${path}:1: VIVAVOCE_PROT is not a setting. Did you mean \`VIVAVOCE_PORT\`?`,
    `${path}:2: PATH is not a setting.`,
    `${path}:3: MAX_CONCURRENCY: a whole number is expected`,
    'VIVAVOCE_MODEL_ALIASES: `a` is not of the form name=model',
    'VIVAVOCE_MODEL_ALIASES: `b=` is not of the form name=model',
    'VIVAVOCE_MODLES: there is no such setting (docs/reference/config.md lists them). Did you mean `VIVAVOCE_MODELS`?',
    'VIVAVOCE_PORT: a whole number is expected',
  ])
})

test('[CF2] settings that contradict each other are told, all of them', () => {
  expect(
    problemsOf({
      VIVAVOCE_HOST: '0.0.0.0',
      VIVAVOCE_MODELS: 'a,b',
      VIVAVOCE_DEFAULT_MODEL: 'c',
      VIVAVOCE_MODEL_ALIASES: 'x=a,y=d,z=agent/e',
    }),
  ).toEqual([
    'VIVAVOCE_DEFAULT_MODEL: c is not among VIVAVOCE_MODELS (a, b)',
    'API_BEARER_TOKEN: a key is needed to listen on 0.0.0.0 (this one or one of VIVAVOCE_TENANTS); without any the server answers on loopback only',
  ])
})

test('[CF1] [AU3] tenants are read with spaces and gaps between them, and a key may hold = signs', () => {
  const tenantsOf = (VIVAVOCE_TENANTS: string) => loadConfig({ VIVAVOCE_TENANTS }).VIVAVOCE_TENANTS
  expect(tenantsOf('acme=KEY')).toEqual([{ tenant: 'acme', key: 'KEY' }])
  expect(tenantsOf(' acme=K=1== ,, 2b-c=k:"\'/ ,')).toEqual([
    { tenant: 'acme', key: 'K=1==' },
    { tenant: '2b-c', key: 'k:"\'/' },
  ])
  expect(loadConfig({}).VIVAVOCE_TENANTS).toBeUndefined()
  expect(loadConfig({ VIVAVOCE_TENANTS: '' }).VIVAVOCE_TENANTS).toBeUndefined()
})

test('[CF2] every tenant of the wrong form is a problem', () => {
  expect(problemsOf({ VIVAVOCE_TENANTS: 'a=KEY,b,C=KEY' })).toEqual(
    Array.from({ length: 2 }, () => `VIVAVOCE_TENANTS: ${NO_TENANT}`),
  )
})

test('[CF2] [AU3] no two tenants have one key or one name, the default one among them', () => {
  const sameKey = 'VIVAVOCE_TENANTS: two tenants have the same key'
  const sameName = 'VIVAVOCE_TENANTS: two tenants have the same name'
  expect(problemsOf({ VIVAVOCE_TENANTS: 'a=K1,b=K1' })).toEqual([sameKey])
  expect(problemsOf({ VIVAVOCE_TENANTS: 'a=K1,a=K2' })).toEqual([sameName])
  expect(problemsOf({ VIVAVOCE_TENANTS: 'a=K1,a=K1' })).toEqual([sameKey, sameName])
  expect(problemsOf({ API_BEARER_TOKEN: 'K1', VIVAVOCE_TENANTS: 'a=K2,b=K1' })).toEqual([sameKey])
  expect(problemsOf({ API_BEARER_TOKEN: 'K1', VIVAVOCE_TENANTS: 'a=K2,b=k1' })).toEqual([])
})

test('[CF2] no key of a tenant is told with its problem', () => {
  const problems = problemsOf({ VIVAVOCE_TENANTS: 'a=SECRET,b=SECRET,C=SECRET', VIVAVOCE_HOST: '0.0.0.0' })
  expect(problems).toHaveLength(1)
  expect(problemsOf({ VIVAVOCE_TENANTS: 'a=SECRET,b=SECRET' }).concat(problems).join('\n')).not.toContain('SECRET')
})

test('[CF2] a file that cannot be read is a problem beside the others', () => {
  const path = join(directory, 'gone.env')
  const problems = problemsOf({ VIVAVOCE_CONFIG: path, VIVAVOCE_PORT: 'x' })
  expect(problems).toEqual([
    expect.stringMatching(/^VIVAVOCE_CONFIG: the file .*gone\.env cannot be read: ENOENT/),
    'VIVAVOCE_PORT: a whole number is expected',
  ])
})

test('[CF2] the error tells every problem and no secret', () => {
  const error = new ConfigError(['A: b', 'C: d'])
  expect(error.message).toBe('the configuration cannot be used:\n  A: b\n  C: d')
  expect(problemsOf({ API_BEARER_TOKEN: 'my secret key' }).join('\n')).not.toContain('secret')
})

test.each([
  `whsec_${Buffer.alloc(24, 'a').toString('base64')}`,
  `whsec_${Buffer.alloc(64, 0xff).toString('base64')}`,
  'sixteen-of-them!',
  `WHSEC_${'~'.repeat(500)}`,
])('[CB2] the secret of callbacks may be %s', (secret) => {
  expect(problemsOf({ VIVAVOCE_CALLBACK_SECRET: secret })).toEqual([])
})

test.each([
  `whsec_${Buffer.alloc(23, 'SECRET').toString('base64')}`,
  `whsec_${Buffer.alloc(65, 'SECRET').toString('base64')}`,
  `whsec_${Buffer.alloc(31, 'SECRET').toString('base64').replaceAll('=', '')}`,
  `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}=`,
  `whsec_ ${Buffer.alloc(32, 'SECRET').toString('base64')}`,
  'whsec_',
  'whsec_SECRET-of-no-base64-at-all-is-none',
  'SECRET-15-chars',
  'a SECRET with spaces',
  'СЕКРЕТ-на-кирилица',
])('[CB2] [CF2] the secret of callbacks is not %s, and the problem does not hold it', (secret) => {
  expect(problemsOf({ VIVAVOCE_CALLBACK_SECRET: secret })).toEqual([
    'VIVAVOCE_CALLBACK_SECRET: `whsec_` with the base64 of 24 to 64 bytes, or at least 16 visible ASCII characters without spaces are expected',
  ])
})

test('[CF5] without a key only a loopback address is taken', () => {
  for (const host of ['127.0.0.1', '127.255.255.254', 'localhost', '::1', '[::1]']) {
    expect(problemsOf({ VIVAVOCE_HOST: host })).toEqual([])
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '192.168.1.5',
    'example.org',
    '127.0.0.1.example.org',
    '127.1',
    '1270.0.0.1',
    '*',
  ]) {
    expect(problemsOf({ VIVAVOCE_HOST: host })).toEqual([
      `API_BEARER_TOKEN: a key is needed to listen on ${host} (this one or one of VIVAVOCE_TENANTS); without any the server answers on loopback only`,
    ])
    expect(problemsOf({ VIVAVOCE_HOST: host, API_BEARER_TOKEN: '' })).toHaveLength(1)
    expect(problemsOf({ VIVAVOCE_HOST: host, API_BEARER_TOKEN: 'a-key-of-16-char' })).toEqual([])
  }
})

test('[CF5] a key that the file sets is a key', async () => {
  expect(problemsOf({ ...(await file('API_BEARER_TOKEN=a-key-of-16-char\n')), VIVAVOCE_HOST: '0.0.0.0' })).toEqual([])
})

test('[CF5] the key of a tenant is a key', async () => {
  expect(problemsOf({ VIVAVOCE_TENANTS: 'acme=A-KEY-OF-16-CHAR', VIVAVOCE_HOST: '0.0.0.0' })).toEqual([])
  expect(problemsOf({ ...(await file('VIVAVOCE_TENANTS=acme=A-KEY-OF-16-CHAR\n')), VIVAVOCE_HOST: '0.0.0.0' })).toEqual(
    [],
  )
})

test('[CF13] beyond loopback every key has at least 16 characters', () => {
  const keys = { API_BEARER_TOKEN: 'k'.repeat(15), VIVAVOCE_TENANTS: `a=${'t'.repeat(15)},b=${'u'.repeat(16)},c=v` }
  expect(problemsOf(keys)).toEqual([])
  const problems = problemsOf({ ...keys, VIVAVOCE_HOST: '0.0.0.0' })
  const advice = 'at least 16 characters are needed to listen on 0.0.0.0. Make a key with `openssl rand -hex 24`'
  expect(problems).toEqual([
    `API_BEARER_TOKEN: the key is too short: ${advice}`,
    `VIVAVOCE_TENANTS: the key of a is too short: ${advice}`,
    `VIVAVOCE_TENANTS: the key of c is too short: ${advice}`,
  ])
  expect(problemsOf({ VIVAVOCE_HOST: '::', API_BEARER_TOKEN: 'k'.repeat(16) })).toEqual([])
})

test('[CF5] a list of tenants that names none is no key', () => {
  for (const none of [',', ' , ', ' ']) {
    expect([none, problemsOf({ VIVAVOCE_TENANTS: none, VIVAVOCE_HOST: '0.0.0.0' })]).toEqual([
      none,
      [expect.stringMatching(/^(API_BEARER_TOKEN|VIVAVOCE_TENANTS): /)],
    ])
  }
})

test('[CF1] [WP10] the pool is as large as it is set, else as the machine allows', () => {
  const machine = { memoryMb: Math.floor(totalmem() / 1024 / 1024), cores: availableParallelism() }
  const set = { VIVAVOCE_POOL_MAX: '7', VIVAVOCE_POOL_SPARES: '3', VIVAVOCE_POOL_MEMORY_MB: '900' }
  expect(loadConfig(set)).toMatchObject({
    VIVAVOCE_POOL_MAX: 7,
    VIVAVOCE_POOL_SPARES: 3,
    VIVAVOCE_POOL_MEMORY_MB: 900,
    pool: { max: 7, spares: 3, memoryMb: 900 },
  })
  expect(loadConfig({ VIVAVOCE_POOL_MAX: '0' }).pool).toMatchObject({ max: 0, spares: 0 })
  const { pool } = loadConfig({})
  const most = poolSize(machine, {})
  expect([pool.max <= most.max, pool.spares <= most.spares, pool.memoryMb <= most.memoryMb]).toEqual([true, true, true])
})

test('[SB14] a run may use a quarter of the machine’s memory, at least 1 GiB, unless it is set', () => {
  const MIB = 1024 * 1024
  const set = { VIVAVOCE_SANDBOX_MEMORY_MB: '64', VIVAVOCE_SANDBOX_PROCESSES: '16' }
  expect(loadConfig(set).runLimits).toEqual({ memoryBytes: 64 * MIB, processes: 16 })
  const { memoryBytes } = loadConfig({}).runLimits
  expect(memoryBytes).toBeGreaterThanOrEqual(1024 * MIB)
  expect(memoryBytes).toBeLessThanOrEqual(Math.max(1024 * MIB, totalmem() / 4))
})

test('[CF5] loopback is told by the address, not by how it begins', () => {
  expect(['127.0.0.1', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true])
  expect(['127.evil.example', 'localhost.example', '', '::2', '10.127.0.1'].map(isLoopback)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ])
})

test('[CF1] no setting is read but those on the list', () => {
  const config = loadConfig({ OTHER: 'z', __proto__x: 'y', valueOf_: 'x' })
  const derived = [
    'dataDirectory',
    'loginDirectory',
    'secretDirectories',
    'cacheDirectory',
    'cliEnvironment',
    'gitEnvironment',
    'pool',
    'runLimits',
    'jobConcurrency',
    'cores',
    'searchPath',
  ]
  for (const name of Object.keys(config)) expect([...settingNames, ...derived]).toContain(name)
})

test('[CV11] conversations are kept for whole days, 90 by default', () => {
  expect(loadConfig({}).VIVAVOCE_CONVERSATION_TTL_DAYS).toBe(90)
  expect(loadConfig({ VIVAVOCE_CONVERSATION_TTL_DAYS: '30' }).VIVAVOCE_CONVERSATION_TTL_DAYS).toBe(30)
  for (const days of ['0', '-1', '1.5', 'x', '36501'])
    expect(problemsOf({ VIVAVOCE_CONVERSATION_TTL_DAYS: days })).toEqual([
      expect.stringMatching(/^VIVAVOCE_CONVERSATION_TTL_DAYS: /),
    ])
})

test('[CO2] [CF1] origins are taken as browsers send them', () => {
  const originsOf = (VIVAVOCE_CORS_ORIGINS: string) => loadConfig({ VIVAVOCE_CORS_ORIGINS }).VIVAVOCE_CORS_ORIGINS
  expect(loadConfig({}).VIVAVOCE_CORS_ORIGINS).toBeUndefined()
  expect(originsOf('')).toBeUndefined()
  expect(originsOf('*')).toEqual(['*'])
  expect(originsOf(' https://App.Example , http://localhost:3000,,http://[::1]:80')).toEqual([
    'https://app.example',
    'http://localhost:3000',
    'http://[::1]',
  ])
  expect(originsOf('https://чат.example:443,chrome-extension://AbC')).toEqual([
    'https://xn--80a0bn.example',
    'chrome-extension://abc',
  ])
})

test.each([
  'app.example',
  'https://app.example/',
  'https://app.example/x',
  'https://*.example',
  'null',
  'http://',
  'a b',
])('[CO2] [CF2] %j is no origin', (origin) => {
  expect(problemsOf({ VIVAVOCE_CORS_ORIGINS: `https://a.example,${origin}` })).toEqual([
    `VIVAVOCE_CORS_ORIGINS: \`${origin}\` is not an origin of the form https://host or http://host:port, without a slash at its end`,
  ])
})
