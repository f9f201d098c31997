/** Settings from options, the environment and an optional file, checked as a whole. */
import { isIPv4 } from 'node:net'
import { availableParallelism, totalmem } from 'node:os'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { didYouMean } from '../lib/index.ts'
import { cliEnvironment, gitEnvironment } from './cli-environment.ts'
import type { Environment } from './environment.ts'
import { openLayers, type Given, type Layers, type Source } from './layers.ts'
import { poolSize, type Machine, type PoolSize } from './pool-size.ts'
import { settingNames, type SettingName, type SettingValue } from './settings.ts'

type Values = { readonly [Name in SettingName]: SettingValue<Name> }

/** All settings, read and checked. */
export interface Config extends Values {
  readonly dataDirectory: string
  /** Of the CLI: its settings and its login. */
  readonly loginDirectory: string
  /** For what can be found out again. */
  readonly cacheDirectory: string
  /** Where keys, logins and what callers said are kept. */
  readonly secretDirectories: readonly string[]
  /** The variables that children of ours get. */
  readonly cliEnvironment: Readonly<Record<string, string>>
  /** The variables that git gets. */
  readonly gitEnvironment: Readonly<Record<string, string>>
  /** The processes that are kept. */
  readonly pool: PoolSize
  /** How much of the machine the commands of a run may use. */
  readonly runLimits: { readonly memoryBytes: number; readonly processes: number }
  /** The most jobs and tool agents' turns at once. */
  readonly jobConcurrency: number
  readonly cores: number
  /** The search path for programs. */
  readonly searchPath: string
}

const machine: Machine = {
  // Within a container the limit of the container; it is 0 or beyond the machine's where there is none.
  memoryMb: Math.floor(Math.min(process.constrainedMemory() || Infinity, totalmem()) / 1024 / 1024),
  cores: availableParallelism(),
}

/** Of a key, when the server listens beyond loopback. */
const MIN_KEY_LENGTH = 16

/** Every problem of the configuration, a line each, naming the setting. Values of secrets are not in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`the configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))

/** Every key is one tenant's, and every tenant has one key. */
function keyClashes({ API_BEARER_TOKEN: own, VIVAVOCE_TENANTS: tenants = [] }: Partial<Values>): readonly string[] {
  const keys = [...(own === undefined ? [] : [own]), ...tenants.map(({ key }) => key)]
  const names = tenants.map(({ tenant }) => tenant)
  return [
    ...(new Set(keys).size === keys.length ? [] : ['VIVAVOCE_TENANTS: two tenants have the same key']),
    ...(new Set(names).size === names.length ? [] : ['VIVAVOCE_TENANTS: two tenants have the same name']),
  ]
}

/** Beyond loopback anyone may guess keys. */
function shortKeys({ API_BEARER_TOKEN: own, VIVAVOCE_TENANTS: tenants = [] }: Partial<Values>, host: string) {
  const isShort = (key: string): boolean => key.length < MIN_KEY_LENGTH
  const advice = `at least ${MIN_KEY_LENGTH} characters are needed to listen on ${host}. Make a key with \`openssl rand -hex 24\``
  return [
    ...(own !== undefined && isShort(own) ? [`API_BEARER_TOKEN: the key is too short: ${advice}`] : []),
    ...tenants
      .filter(({ key }) => isShort(key))
      .map(({ tenant }) => `VIVAVOCE_TENANTS: the key of ${tenant} is too short: ${advice}`),
  ]
}

/** Contradictions between settings, as far as these have a value of the right form. */
function crossChecks(
  {
    VIVAVOCE_MODELS: models,
    VIVAVOCE_DEFAULT_MODEL: model,
    VIVAVOCE_HOST: host,
    VIVAVOCE_JOB_CONCURRENCY: jobs,
    MAX_CONCURRENCY: slots,
    ...rest
  }: Partial<Values>,
  hasKey: boolean,
): readonly string[] {
  return [
    ...(models === undefined || model === undefined || models.includes(model)
      ? []
      : [`VIVAVOCE_DEFAULT_MODEL: ${model} is not among VIVAVOCE_MODELS (${models.join(', ')})`]),
    ...(host === undefined || hasKey || isLoopback(host)
      ? []
      : [
          `API_BEARER_TOKEN: a key is needed to listen on ${host} (this one or one of VIVAVOCE_TENANTS); without any the server answers on loopback only`,
        ]),
    ...(host === undefined || isLoopback(host) ? [] : shortKeys(rest, host)),
    ...keyClashes(rest),
    ...(jobs === undefined || slots === undefined || jobs <= slots
      ? []
      : [`VIVAVOCE_JOB_CONCURRENCY: ${jobs} is more than MAX_CONCURRENCY (${slots})`]),
  ]
}

/** The directory for a kind of file: that of XDG, which counts only when it is absolute, else one in the home directory. */
function userDirectory({ environment, home }: Layers, variable: string, fallback: string): string | undefined {
  const own = environment[variable]
  if (own !== undefined && isAbsolute(own)) return join(own, 'vivavoce')
  return home === '' ? undefined : join(home, fallback, 'vivavoce')
}

/** The system follows a relative folder of `PATH` from where a program starts, which may be the workspace of a run. */
const withAbsolutePath = ({ PATH, ...others }: Environment): Environment =>
  PATH === undefined
    ? others
    : {
        ...others,
        PATH: PATH.split(delimiter)
          .map((folder) => resolve(folder))
          .join(delimiter),
      }

const unknownSettings = (env: Environment): readonly string[] =>
  Object.keys(env)
    .filter((name) => name.startsWith('VIVAVOCE_') && name !== 'VIVAVOCE_CONFIG')
    .filter((name) => !settingNames.includes(name as SettingName))
    .map(
      (name) =>
        `${name}: there is no such setting (docs/reference/config.md lists them).${didYouMean(name, settingNames)}`,
    )

export interface SourcedConfig {
  readonly config: Config
  readonly sources: Readonly<Record<SettingName, Source>>
}

/**
 * Reads the settings. Options go before the environment, and the environment before the file that `VIVAVOCE_CONFIG`
 * names; an empty value counts as unset.
 * @throws ConfigError with all problems at once.
 */
export function loadSourcedConfig(env: Environment, given: Given = {}): SourcedConfig {
  const problems: string[] = []
  const layers = openLayers(env, given, problems)
  const read: Partial<Record<SettingName, unknown>> = {}
  for (const name of settingNames) {
    const value = layers.read(name)
    if (value !== undefined) read[name] = value
  }
  problems.push(...unknownSettings(env))
  const isSet = (name: SettingName): boolean => layers.sourceOf(name) !== 'default'
  const hasKey = isSet('API_BEARER_TOKEN') || isSet('VIVAVOCE_TENANTS')
  problems.push(...crossChecks(read as Partial<Values>, hasKey))
  // Each value came from its own schema, so the record is whole once there is no problem.
  const values = read as Values
  const { home } = layers
  const environment = withAbsolutePath(layers.environment)
  const ownDirectory = values.VIVAVOCE_DATA_DIR
  const dataDirectory =
    ownDirectory === undefined ? userDirectory(layers, 'XDG_DATA_HOME', '.local/share') : resolve(ownDirectory)
  const cacheDirectory = userDirectory(layers, 'XDG_CACHE_HOME', '.cache')
  const loginDirectory = environment['CLAUDE_CONFIG_DIR'] ?? (home === '' ? undefined : join(home, '.claude'))
  if (dataDirectory === undefined || cacheDirectory === undefined || loginDirectory === undefined) {
    problems.push('HOME: this user has no home directory. Set HOME to a directory that this user may write to')
    throw new ConfigError(problems)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    config: {
      ...values,
      dataDirectory,
      loginDirectory,
      secretDirectories: [dataDirectory, loginDirectory],
      cacheDirectory,
      cliEnvironment: cliEnvironment(environment),
      gitEnvironment: gitEnvironment(environment),
      pool: poolSize(machine, {
        max: values.VIVAVOCE_POOL_MAX,
        spares: values.VIVAVOCE_POOL_SPARES,
        memoryMb: values.VIVAVOCE_POOL_MEMORY_MB,
      }),
      runLimits: {
        memoryBytes:
          (values.VIVAVOCE_SANDBOX_MEMORY_MB ?? Math.max(1024, Math.floor(machine.memoryMb / 4))) * 1024 * 1024,
        processes: values.VIVAVOCE_SANDBOX_PROCESSES,
      },
      jobConcurrency: values.VIVAVOCE_JOB_CONCURRENCY ?? Math.max(1, Math.floor(values.MAX_CONCURRENCY / 2)),
      cores: machine.cores,
      searchPath: environment['PATH'] ?? '',
    },
    sources: Object.fromEntries(settingNames.map((name) => [name, layers.sourceOf(name)])) as SourcedConfig['sources'],
  }
}

/** The settings alone. @throws ConfigError with all problems at once. */
export const loadConfig = (env: Environment, given: Given = {}): Config => loadSourcedConfig(env, given).config
