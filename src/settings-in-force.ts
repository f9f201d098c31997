/** The settings that a reload reads again: keys, agents and the models on offer. All others are those of the start. */
import { createKeyCheck, type KeyCheck } from './access/index.ts'
import { loadAgents } from './agents/index.ts'
import { ConfigError, settingNames, type Config, type SettingName } from './config/index.ts'
import type { Observer, Offer } from './core/index.ts'
import { keyPathOf, openKeyFile, type KeyFile } from './key-file.ts'
import { agentSourceOf, offerOf } from './offer.ts'
import { hasTenants } from './processes.ts'

/** The key of the default tenant; it has a file when the configuration has no key at all. */
export interface OwnKey {
  readonly value: string
  readonly file?: KeyFile
}

export interface SettingsInForce {
  readonly offer: Offer
  readonly key: OwnKey | undefined
  readonly tenantOf: KeyCheck
  /** Whether there is more than one tenant. */
  readonly hasTenants: boolean
  /** Puts another configuration in force, whole or not at all. @throws ConfigError, AgentFilesError. */
  reload(config: Config): Promise<void>
}

/** The tenant of those who present `API_BEARER_TOKEN`. */
const DEFAULT_TENANT = 'default'

/** What a reload puts in force, for itself or by the offer that is made of it. */
const RELOADED: readonly SettingName[] = [
  'API_BEARER_TOKEN',
  'VIVAVOCE_TENANTS',
  'VIVAVOCE_AGENTS_DIR',
  'VIVAVOCE_STREAM_AGENT',
  'VIVAVOCE_AGENT',
  'VIVAVOCE_MODELS',
  'VIVAVOCE_DEFAULT_MODEL',
  'VIVAVOCE_MODEL_ALIASES',
  'VIVAVOCE_DEFAULT_ALIASES',
  'VIVAVOCE_LOG_LEVEL',
]

/** @throws ConfigError, AgentFilesError. */
export const readOffer = async (config: Config): Promise<Offer> =>
  offerOf(config, await loadAgents(agentSourceOf(config)))

async function keyOf(config: Pick<Config, 'API_BEARER_TOKEN' | 'VIVAVOCE_TENANTS' | 'dataDirectory'>) {
  const path = keyPathOf(config)
  if (path !== undefined) {
    const file = await openKeyFile(path)
    return { value: file.value, file }
  }
  return config.API_BEARER_TOKEN === undefined ? undefined : { value: config.API_BEARER_TOKEN }
}

/** The data directory must be locked. @throws ConfigError when a key is to be kept in a file and cannot be. */
export async function openSettingsInForce(
  config: Config,
  { offer, observer }: { readonly offer: Offer; readonly observer: Observer },
): Promise<SettingsInForce> {
  async function inForceOf(next: Config, nextOffer: Offer) {
    const key = await keyOf({ ...next, dataDirectory: config.dataDirectory })
    const own = key === undefined ? [] : [{ tenant: DEFAULT_TENANT, key: key.value }]
    const keys = [...own, ...(next.VIVAVOCE_TENANTS ?? [])]
    return { offer: nextOffer, key, keys, tenantOf: createKeyCheck(keys), hasTenants: hasTenants(next) }
  }

  let inForce = await inForceOf(config, offer)
  return {
    get offer() {
      return inForce.offer
    },
    get key() {
      return inForce.key
    },
    get hasTenants() {
      return inForce.hasTenants
    },
    tenantOf: (presented) => inForce.tenantOf(presented),
    async reload(next) {
      // Keys were checked against the address of the new configuration, and the server listens on the old one.
      if (next.VIVAVOCE_HOST !== config.VIVAVOCE_HOST)
        throw new ConfigError(['VIVAVOCE_HOST: the address can only be changed by a restart'])
      inForce = await inForceOf(next, await readOffer(next))
      const isChanged = (name: SettingName): boolean => JSON.stringify(next[name]) !== JSON.stringify(config[name])
      observer.observe({
        type: 'settings-reloaded',
        tenants: inForce.keys.map(({ tenant }) => tenant),
        agents: inForce.offer.catalogue.agents.map(({ name }) => name),
        restartFor: settingNames.filter((name) => !RELOADED.includes(name) && isChanged(name)),
      })
    },
  }
}
