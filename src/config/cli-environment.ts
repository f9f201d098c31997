import type { Environment } from './environment.ts'

/**
 * Which variables of our environment a child gets: what the CLI needs to find its login, its network and its files.
 * Nothing else is passed on, so a secret of ours stays ours.
 */
const SYSTEM_NAMES: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'TMPDIR',
  'TZ',
  'LANG',
  'LANGUAGE',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
]
/** How the CLI finds its login and its network. These may stand in the file that `VIVAVOCE_CONFIG` names. */
const LOGIN_NAMES: readonly string[] = [
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_CUSTOM_HEADERS',
  'ANTHROPIC_DEFAULT_HAIKU_MODEL',
  'ANTHROPIC_DEFAULT_SONNET_MODEL',
  'ANTHROPIC_DEFAULT_OPUS_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CONFIG_DIR',
  'CLAUDE_CODE_CLIENT_CERT',
  'CLAUDE_CODE_CLIENT_KEY',
  'CLAUDE_CODE_CLIENT_KEY_PASSPHRASE',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
  'ANTHROPIC_BEDROCK_BASE_URL',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_SKIP_VERTEX_AUTH',
  'ANTHROPIC_VERTEX_BASE_URL',
  'ANTHROPIC_VERTEX_PROJECT_ID',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]
const NAMES: readonly string[] = [...SYSTEM_NAMES, ...LOGIN_NAMES]
const PATTERNS: readonly RegExp[] = [/^LC_[A-Z_]+$/]
/** Cloud credentials go to the CLI only where it is told to use that cloud. */
const BEDROCK: readonly RegExp[] = [/^AWS_/]
const VERTEX: readonly RegExp[] = [
  /^GOOGLE_/,
  /^CLOUD_ML_REGION$/,
  /^GCLOUD_PROJECT$/,
  /^VERTEX_REGION_/,
  /^CLOUDSDK_CONFIG$/,
]

/** Whether the configuration file may set a variable for the CLI. */
export const isLoginName = (name: string): boolean =>
  LOGIN_NAMES.includes(name) || [...BEDROCK, ...VERTEX].some((pattern) => pattern.test(name))

const isOn = (value: string | undefined): boolean => value === '1' || value === 'true'

const only = (env: Environment, passes: (name: string) => boolean): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && passes(entry[0])),
  )

/** The part of `env` that children get. */
export function cliEnvironment(env: Environment): Readonly<Record<string, string>> {
  const patterns = [
    ...PATTERNS,
    ...(isOn(env['CLAUDE_CODE_USE_BEDROCK']) ? BEDROCK : []),
    ...(isOn(env['CLAUDE_CODE_USE_VERTEX']) ? VERTEX : []),
  ]
  const passes = (name: string): boolean => NAMES.includes(name) || patterns.some((pattern) => pattern.test(name))
  return only(env, passes)
}

/** The part of `env` that git gets: how to reach and unlock a repository, no login of the CLI and nothing that names a repository: under a hook of git `GIT_DIR` would have us work in the wrong one. */
export const gitEnvironment = (env: Environment): Readonly<Record<string, string>> =>
  only(
    env,
    (name) =>
      (NAMES.includes(name) && !/^(ANTHROPIC|CLAUDE)_/.test(name)) ||
      /^(LC_|SSH_|GIT_(SSH|ASKPASS|CONFIG_|SSL_|PROXY_|HTTP_))/.test(name),
  )

export const PASSED_ON_FOR_THE_RECORD = {
  names: NAMES,
  bedrock: 'AWS_*',
  vertex: 'GOOGLE_*, CLOUD_ML_REGION, GCLOUD_PROJECT, VERTEX_REGION_*, CLOUDSDK_CONFIG',
} as const
