import { builtInAgents } from '../agents/index.ts'
import {
  configReference,
  isLoginName,
  loadSourcedConfig,
  setting,
  settingNames,
  type Environment,
  type SourcedConfig,
} from '../config/index.ts'
import { keyPathOf } from '../key-file.ts'
import { withoutUserinfo } from '../lib/index.ts'
import { writeJson } from './client-command.ts'
import { defineCommand } from './command-line/index.ts'
import { settingOptions, settingsOf } from './setting-options.ts'
import { table } from './table.ts'

const MASK = '(set)'
const KEY = 'API_BEARER_TOKEN'

/** Everything in force; of a secret only whether it is set. */
function inForce({ config, sources }: SourcedConfig, environment: Environment) {
  const values = {
    ...config,
    // These are computed when nothing sets them.
    VIVAVOCE_POOL_MAX: config.pool.max,
    VIVAVOCE_POOL_SPARES: config.pool.spares,
    VIVAVOCE_POOL_MEMORY_MB: config.pool.memoryMb,
    VIVAVOCE_SANDBOX_MEMORY_MB: config.runLimits.memoryBytes / 1024 / 1024,
  }
  const keyPath = keyPathOf(config)
  const shown = (name: (typeof settingNames)[number]): unknown => {
    const value = values[name]
    if (name === KEY && keyPath !== undefined) return `(in ${keyPath})`
    if (value === undefined) return null
    if (setting(name).secret === true) return MASK
    return typeof value === 'string' ? withoutUserinfo(value) : value
  }
  return {
    settings: Object.fromEntries(settingNames.map((name) => [name, { value: shown(name), source: sources[name] }])),
    directories: {
      data: config.dataDirectory,
      cache: config.cacheDirectory,
      agents: config.VIVAVOCE_AGENTS_DIR ?? builtInAgents,
      claude: config.loginDirectory,
    },
    cli_variables: Object.fromEntries(
      Object.keys(config.cliEnvironment)
        .filter(isLoginName)
        .map((name) => [name, environment[name] ? 'environment' : 'file']),
    ),
  }
}

const asText = (value: unknown): string =>
  value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)

export const config = defineCommand({
  name: 'config',
  summary: 'Print the settings in force',
  description:
    'Print the settings in force and the source of each: option, environment, file or default; then the directories, and the variables that the CLI gets for its login and network. Secrets are masked.',
  ...settingOptions({
    own: {
      json: { type: 'boolean', help: 'Print JSON' },
      reference: { type: 'boolean', help: 'Print the reference page of all settings instead' },
    },
    shown: false,
  }),
  examples: ['vivavoce config', 'vivavoce config --config /etc/vivavoce.env --json', 'vivavoce config --reference'],
  async run({ values }, world) {
    const { stdout, environment } = world
    if (values.reference === true) {
      stdout.write(configReference())
      return 0
    }
    const found = inForce(loadSourcedConfig(environment, { options: settingsOf(values) }), environment)
    if (values.json === true) {
      writeJson(world, found)
      return 0
    }
    const settings = Object.entries(found.settings).map(([name, { value, source }]) => [name, source, asText(value)])
    stdout.write(table([['SETTING', 'SOURCE', 'VALUE'], ...settings]))
    stdout.write(`\n${table([['DIRECTORY', 'PATH'], ...Object.entries(found.directories)])}`)
    const variables = Object.entries(found.cli_variables).map(([name, source]) => [name, source, MASK])
    if (variables.length > 0) stdout.write(`\n${table([['CLI VARIABLE', 'SOURCE', 'VALUE'], ...variables])}`)
    return 0
  },
})
