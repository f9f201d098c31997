import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFakeWorld } from '../../test/support/fake-world.ts'
import { runInWorld } from '../../test/support/run-in-world.ts'
import { builtInAgents } from '../agents/index.ts'
import type { Environment } from '../config/index.ts'
import { config } from './config.ts'

async function print(environment: Environment, ...args: readonly string[]) {
  const world = { ...createFakeWorld({ url: '' }), environment }
  return { code: await runInWorld(config, args, world), out: world.out(), err: world.err() }
}

test('[CM4] [CM22] each value has its source; the directories are those in use; no secret is printed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'vivavoce-config-'))
  const path = join(home, 'vivavoce.env')
  await writeFile(path, 'MAX_QUEUE_DEPTH=4\nDATABASE_URL=postgres://u:HIDDEN@h/d\nCLAUDE_CODE_OAUTH_TOKEN=HIDDEN\n')
  const environment = {
    HOME: home,
    VIVAVOCE_CONFIG: path,
    MAX_CONCURRENCY: '3',
    API_BEARER_TOKEN: 'HIDDEN',
    VIVAVOCE_WORKSPACE_REPO: 'https://me:HIDDEN@git.example/x.git',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
  }
  const { code, out, err } = await print(environment, '--port', '9000')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^VIVAVOCE_PORT +option +9000$/m)
  expect(out).toMatch(/^MAX_CONCURRENCY +environment +3$/m)
  expect(out).toMatch(/^MAX_QUEUE_DEPTH +file +4$/m)
  expect(out).toMatch(/^VIVAVOCE_HOST +default +127\.0\.0\.1$/m)
  expect(out).toMatch(/^VIVAVOCE_TENANTS +default$/m)
  expect(out).toMatch(/^DATABASE_URL +file +\(set\)$/m)
  expect(out).toMatch(/^CLAUDE_CODE_OAUTH_TOKEN +file +\(set\)$/m)
  expect(out).toMatch(/^ANTHROPIC_BASE_URL +environment +\(set\)$/m)
  const json = await print(environment, '--json', '--port', '9000')
  expect(JSON.parse(json.out)).toMatchObject({
    settings: {
      VIVAVOCE_PORT: { value: 9000, source: 'option' },
      API_BEARER_TOKEN: { value: '(set)', source: 'environment' },
      VIVAVOCE_TENANTS: { value: null, source: 'default' },
      VIVAVOCE_POOL_MAX: { value: expect.any(Number), source: 'default' },
    },
    directories: {
      data: join(home, '.local/share/vivavoce'),
      cache: join(home, '.cache/vivavoce'),
      agents: builtInAgents,
      claude: join(home, '.claude'),
    },
    cli_variables: { CLAUDE_CODE_OAUTH_TOKEN: 'file', ANTHROPIC_BASE_URL: 'environment' },
  })
  expect(out + json.out).not.toContain('HIDDEN')
  await rm(home, { recursive: true })
})

test('[CM40] without a key the file that holds one is named', async () => {
  const path = '/data/api-key'
  const keyRow = async (environment: Environment) =>
    /^API_BEARER_TOKEN.*$/m.exec((await print({ HOME: '/h', VIVAVOCE_DATA_DIR: '/data', ...environment })).out)?.[0]
  expect(await keyRow({})).toMatch(new RegExp(`^API_BEARER_TOKEN +default +\\(in ${path}\\)$`))
  expect(await keyRow({ VIVAVOCE_TENANTS: 'a=k' })).toMatch(/^API_BEARER_TOKEN +default$/)
})

test('[CM4] [CM22] settings that cannot be used are a failure, as text and as JSON', async () => {
  const bad = { HOME: '/h', VIVAVOCE_PORT: 'x' }
  expect(await print(bad)).toEqual({
    code: 1,
    out: '',
    err: 'vivavoce: the configuration cannot be used:\n  VIVAVOCE_PORT: a whole number is expected\n',
  })
  expect(JSON.parse((await print(bad, '--json')).err)).toMatchObject({ error: { code: 'configuration' } })
})
