import { access, constants, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadAgents } from '../agents/index.ts'
import { locateCli, openProbeCache, type Abilities } from '../claude/index.ts'
import { ConfigError, loadConfig, readEnvironment } from '../config/index.ts'
import { isTalker, needsSandbox, systemClock } from '../core/index.ts'
import { AGENTS_DIRECTORY } from '../main.ts'
import { serverVersion } from '../storage/index.ts'
import { offerOf } from '../offer.ts'
import { proveCli } from '../prove-cli.ts'
import { openSandbox } from '../sandbox/index.ts'

/** What this version can do, and what is done instead. */
function tell(abilities: Abilities | undefined): string {
  if (abilities === undefined) return 'none can be kept; each turn starts one of its own'
  const { replay, rewind, systemPrompt, switchModel, liveSettings, interrupt, functions } = abilities
  const told = {
    bulk: 'are told histories at once, in their roles',
    steps: 'are told histories message by message, in their roles',
    none: 'are told histories as one text',
  }
  const back = {
    jump: 'go back in one step',
    steps: 'go back question by question',
    none: 'cannot go back: one conversation each',
  }
  const system = {
    live: 'change system prompts at any time',
    'when-empty': 'change system prompts between conversations',
    fixed: 'keep their first system prompt',
  }
  return [
    told[replay],
    back[rewind],
    system[systemPrompt],
    switchModel ? 'change models between conversations' : 'keep their first model',
    liveSettings ? 'take limits for each turn' : 'have fixed limits: other turns start a process of their own',
    interrupt ? 'survive an interruption' : 'are ended by an interruption',
    functions ? 'offer functions of the client' : 'cannot offer functions of the client',
  ].join('; ')
}

/** Checks what serving needs, a line each; resolves to 0 when all of it is there. */
export async function runDoctor(): Promise<number> {
  let failed = 0
  async function check<T>(
    what: string,
    look: () => Promise<{ readonly found: string; readonly value?: T }>,
  ): Promise<T | undefined> {
    try {
      const { found, value } = await look()
      process.stdout.write(`ok    ${what}: ${found}\n`)
      return value
    } catch (error) {
      failed++
      const lines =
        error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
      process.stdout.write(`FAIL  ${what}: ${lines.join('\n        ')}\n`)
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
    value: loadConfig(readEnvironment()),
  }))
  if (config === undefined) return 1
  const agents = await check('agents', async () => {
    const loaded = await loadAgents(config.VIVAVOCE_AGENTS_DIR ?? fileURLToPath(AGENTS_DIRECTORY))
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
      const told = `none (${found.problem}); agents that may run commands or write files ${allowed ? 'run without one' : 'are refused'}`
      if (!allowed && agents?.some(needsSandbox) === true) throw new Error(told)
      return { found: told }
    } finally {
      await rm(temporaryDirectory, { recursive: true, force: true })
    }
  })
  const cli = await check('claude', async () => {
    const found = await locateCli({ wanted: config.VIVAVOCE_CLAUDE_BIN, searchPath: config.searchPath })
    return { found: `${found.version} (${found.path})`, value: found }
  })
  if (cli !== undefined) {
    const cache = openProbeCache(join(config.cacheDirectory, 'abilities.json'))
    const proof = await check('callers’ text is mere text to it', async () => ({
      found: 'shown with files and commands in a kept process, in one of a single turn and in a run',
      value: { abilities: await proveCli({ cli, searchPath: config.searchPath, cache, clock: systemClock }) },
    }))
    if (proof !== undefined) await check('processes that are kept', async () => ({ found: tell(proof.abilities) }))
  }
  return failed === 0 ? 0 : 1
}
