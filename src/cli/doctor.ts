import { access, constants, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAgents } from '../agents/index.ts'
import { locateCli, missingFrom } from '../claude/index.ts'
import { checkOnce } from '../check-cli.ts'
import { ConfigError, loadConfig } from '../config/index.ts'
import { isTalker, needsSandbox, type MissingCapability } from '../core/index.ts'
import { serverVersion } from '../storage/index.ts'
import { agentSourceOf, offerOf } from '../offer.ts'
import { openSandbox } from '../sandbox/index.ts'
import type { Options, Values } from './command-line/index.ts'
import { settingsOf } from './setting-options.ts'
import type { World } from './world.ts'

/** What the gateway does without, and what that costs. */
const told = (missing: readonly MissingCapability[]): string =>
  missing.length === 0
    ? 'nothing is missing'
    : missing.map(({ capability, status, cost }) => `${capability} (${status}): ${cost}`).join(' ')

/** Checks what serving needs, a line each; resolves to 0 when all of it is there. */
export async function runDoctor(values: Values<Options>, { stdout, environment }: World): Promise<number> {
  let failed = 0
  async function check<T>(
    what: string,
    look: () => Promise<{ readonly found: string; readonly value?: T }>,
  ): Promise<T | undefined> {
    try {
      const { found, value } = await look()
      stdout.write(`ok    ${what}: ${found}\n`)
      return value
    } catch (error) {
      failed++
      const lines =
        error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
      stdout.write(`FAIL  ${what}: ${lines.join('\n        ')}\n`)
      return undefined
    }
  }

  await check('node', async () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    if (major < 22 || (major === 22 && minor < 13))
      throw new Error(`${process.versions.node} is too old; 22.13 or newer is needed`)
    return { found: process.versions.node }
  })
  const config = await check('configuration', async () => ({
    found: 'all settings can be used',
    value: loadConfig(environment, { options: settingsOf(values) }),
  }))
  if (config === undefined) return 1
  const agents = await check('agents', async () => {
    const loaded = await loadAgents(agentSourceOf(config))
    offerOf(config, loaded)
    return {
      value: loaded,
      found: loaded.map((agent) => `${agent.name} (${isTalker(agent) ? 'talker' : agent.tools.join(', ')})`).join('; '),
    }
  })
  await check('data directory', async () => {
    await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 })
    await access(config.dataDirectory, constants.W_OK)
    return { found: config.dataDirectory }
  })
  await check('store', async () => ({
    found:
      config.DATABASE_URL === undefined
        ? 'in the data directory'
        : `PostgreSQL ${await serverVersion(config.DATABASE_URL)}`,
  }))
  const allowed = config.VIVAVOCE_ALLOW_UNSANDBOXED
  await check('sandbox', async () => {
    const temporaryDirectory = await realpath(await mkdtemp(join(tmpdir(), 'vivavoce-doctor-')))
    try {
      const found = await openSandbox({
        ...config,
        temporaryDirectory,
        maxFileBytes: config.VIVAVOCE_WORKSPACE_MAX_MB * 1024 * 1024,
      })
      if (found.ok) return { found: `bubblewrap ${found.version} (${found.path})` }
      const lacking = `none (${found.problem}); agents that may run commands or write files ${allowed ? 'run without one' : 'are refused'}`
      if (!allowed && agents?.some(needsSandbox) === true) throw new Error(lacking)
      return { found: lacking }
    } finally {
      await rm(temporaryDirectory, { recursive: true, force: true })
    }
  })
  const cli = await check('claude', async () => {
    const found = await locateCli({ wanted: config.VIVAVOCE_CLAUDE_BIN, searchPath: config.searchPath })
    return { found: `${found.version} (${found.path})`, value: found }
  })
  if (cli !== undefined) {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-doctor-'))
    const observer = { observe: () => undefined }
    const { signal } = new AbortController()
    const checked = await check('callers’ text is mere text to it', async () => ({
      found: 'shown with files and commands in a kept process, in one of a single turn and in a run',
      value: await checkOnce(config, { directory, observer, signal }),
    }))
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    if (checked !== undefined) await check('capabilities', async () => ({ found: told(missingFrom(checked.findings)) }))
  }
  return failed === 0 ? 0 : 1
}
