/** Settings from the environment and an optional file; the one place that reads either. */
import { readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { availableParallelism, homedir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { cliEnvironment, gitEnvironment } from './cli-environment.ts'
import type { Environment } from './environment.ts'
import { poolSize, type Machine, type PoolSize } from './pool-size.ts'
import { setting, settingNames, type SettingName, type SettingValue } from './settings.ts'

type Values = { readonly [Name in SettingName]: SettingValue<Name> }

/** All settings, read and checked. */
export interface Config extends Values {
  readonly dataDirectory: string
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

/** The settings of the file that `VIVAVOCE_CONFIG` names; what is wrong with it is added to `problems`. */
export function fromFile(path: string, problems: string[]): Environment {
  let values: Environment
  try {
    values = parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    problems.push(
      `VIVAVOCE_CONFIG: the file cannot be read (${error instanceof Error ? error.message : String(error)})`,
    )
    return {}
  }
  for (const name of Object.keys(values)) {
    if (!settingNames.includes(name as SettingName))
      problems.push(`VIVAVOCE_CONFIG: the file sets ${name}, which is no setting`)
  }
  return values
}

const dataDirectoryOf = (env: Environment, wanted: string | undefined): string =>
  resolve(wanted ?? join(env['XDG_DATA_HOME'] || join(env['HOME'] ?? homedir(), '.local', 'share'), 'vivavoce'))

/** Every key is one tenant's, and every tenant has one key. */
function keyClashes({ API_BEARER_TOKEN: own, VIVAVOCE_TENANTS: tenants = [] }: Partial<Values>): readonly string[] {
  const keys = [...(own === undefined ? [] : [own]), ...tenants.map(({ key }) => key)]
  const names = tenants.map(({ tenant }) => tenant)
  return [
    ...(new Set(keys).size === keys.length ? [] : ['VIVAVOCE_TENANTS: two tenants have the same key']),
    ...(new Set(names).size === names.length ? [] : ['VIVAVOCE_TENANTS: two tenants have the same name']),
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
    ...keyClashes(rest),
    ...(jobs === undefined || slots === undefined || jobs <= slots
      ? []
      : [`VIVAVOCE_JOB_CONCURRENCY: ${jobs} is more than MAX_CONCURRENCY (${slots})`]),
  ]
}

/**
 * Reads the settings. The environment goes before the file that `VIVAVOCE_CONFIG` names; an empty value counts as unset.
 * @throws ConfigError with all problems at once.
 */
export function loadConfig(env: Environment): Config {
  const problems: string[] = []
  const file = env['VIVAVOCE_CONFIG'] ? fromFile(env['VIVAVOCE_CONFIG'], problems) : {}
  const values: Partial<Record<SettingName, unknown>> = {}
  for (const name of settingNames) {
    const { schema, default: fallback } = setting(name)
    const text = env[name] || file[name] || fallback
    if (text === undefined) continue
    const parsed = schema.safeParse(text)
    if (parsed.success) values[name] = parsed.data
    else problems.push(...parsed.error.issues.map((issue) => `${name}: ${issue.message}`))
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('VIVAVOCE_') && name !== 'VIVAVOCE_CONFIG' && !settingNames.includes(name as SettingName)) {
      problems.push(`${name}: there is no such setting (docs/reference/config.md lists them)`)
    }
  }
  const isSet = (name: SettingName): boolean => Boolean(env[name] || file[name])
  const hasKey = isSet('API_BEARER_TOKEN') || isSet('VIVAVOCE_TENANTS')
  // Each value came from its own schema, so the record is whole once there is no problem.
  problems.push(...crossChecks(values as Partial<Values>, hasKey))
  if (problems.length > 0) throw new ConfigError(problems)
  const dataDirectory = dataDirectoryOf(env, (values as Values).VIVAVOCE_DATA_DIR)
  return {
    ...(values as Values),
    dataDirectory,
    secretDirectories: [dataDirectory, resolve(env['CLAUDE_CONFIG_DIR'] || join(env['HOME'] ?? homedir(), '.claude'))],
    cacheDirectory: resolve(env['XDG_CACHE_HOME'] || join(env['HOME'] ?? homedir(), '.cache'), 'vivavoce'),
    cliEnvironment: cliEnvironment(env),
    gitEnvironment: gitEnvironment(env),
    pool: poolSize(machine, {
      max: (values as Values).VIVAVOCE_POOL_MAX,
      spares: (values as Values).VIVAVOCE_POOL_SPARES,
      memoryMb: (values as Values).VIVAVOCE_POOL_MEMORY_MB,
    }),
    jobConcurrency:
      (values as Values).VIVAVOCE_JOB_CONCURRENCY ?? Math.max(1, Math.floor((values as Values).MAX_CONCURRENCY / 2)),
    cores: machine.cores,
    searchPath: env['PATH'] ?? '',
  }
}
