/** A gateway under pressure: three tenants, two agents, few processes; everything that it writes is below one directory. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/index.ts'
import type { Observer } from '../../src/core/index.ts'
import type { Gateway } from '../../src/main.ts'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from '../../src/rehearsal/index.ts'
import type { Talker, Tenant } from './world.ts'
import type { PersonaMode } from './wanted.ts'
import { startReadyGateway } from '../support/ready-gateway.ts'

export const TENANTS: readonly [Tenant, Tenant, Tenant] = [
  { name: 'default', key: 'key-of-default' },
  { name: 'alpha', key: 'key-of-alpha' },
  { name: 'beta', key: 'key-of-beta' },
]

export const TALKERS: readonly [Talker, Talker] = [
  { name: 'companion', persona: 'You are a companion. Be brief.' },
  { name: 'guide', persona: 'You are a guide.\n\nЗнаеш пътя.' },
]

export interface SoakStage {
  readonly gateway: Gateway
  readonly rehearsal: Rehearsal
  readonly directory: string
}

const writeAgents = async (directory: string): Promise<void> => {
  await mkdir(directory)
  for (const { name, persona } of TALKERS)
    await writeFile(join(directory, `${name}.md`), `---\nname: ${name}\ndescription: Answers.\n---\n\n${persona}\n`)
}

/** Starts it; who started it closes both and removes the directory. */
export async function startSoakStage(personaMode: PersonaMode, observer: Observer): Promise<SoakStage> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-soak-'))
  const rehearsal = await startRehearsal({ paceMs: 0 })
  try {
    await mkdir(join(directory, 'tmp'))
    await writeAgents(join(directory, 'agents'))
    const [own, ...others] = TENANTS
    const [usual] = TALKERS
    const config = loadConfig({
      PATH: process.env['PATH'],
      HOME: directory,
      TMPDIR: join(directory, 'tmp'),
      // What was found of the CLI before holds here too.
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
      LANG: 'C.UTF-8',
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
      CLAUDE_CONFIG_DIR: join(directory, 'claude'),
      API_BEARER_TOKEN: own.key,
      VIVAVOCE_TENANTS: others.map(({ name, key }) => `${name}=${key}`).join(','),
      VIVAVOCE_DATA_DIR: join(directory, 'data'),
      VIVAVOCE_AGENTS_DIR: join(directory, 'agents'),
      VIVAVOCE_STREAM_AGENT: usual.name,
      VIVAVOCE_AGENT: usual.name,
      VIVAVOCE_PERSONA: personaMode,
      VIVAVOCE_PORT: '0',
      VIVAVOCE_POOL_MAX: '6',
      VIVAVOCE_HEADER_HOLD_MS: '4000',
      VIVAVOCE_FIRST_TOKEN_TIMEOUT_SECONDS: '8',
      VIVAVOCE_TOKEN_GAP_TIMEOUT_SECONDS: '4',
    })
    return { gateway: await startReadyGateway(config, { observer }), rehearsal, directory }
  } catch (error) {
    await rehearsal.close()
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}
