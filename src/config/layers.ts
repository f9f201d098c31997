/** Where the text of a setting comes from: an option, the environment, the file, the default, in this order. */
import { resolve } from 'node:path'
import { isLoginName } from './cli-environment.ts'
import { readConfigFile } from './config-file.ts'
import type { Environment } from './environment.ts'
import { expandHome, homeOf } from './home-directory.ts'
import { optionNames } from './option-names.ts'
import { setting, type SettingName, type SettingValue } from './settings.ts'

/** What a command adds to the environment. */
export interface Given {
  /** The text of options, by setting; that of `--config` by `VIVAVOCE_CONFIG`. */
  readonly options?: Environment
  /** The variables for the CLI that take the place of every login in the environment and the file. */
  readonly login?: Environment
  /** Go before the default of a setting, behind everything else. */
  readonly defaults?: Environment
}

export type Source = 'option' | 'environment' | 'file' | 'default'

export interface Layers {
  /** The value of a setting; `undefined` also when it cannot be used, which is added to the problems. */
  read<Name extends SettingName>(name: Name): SettingValue<Name>
  sourceOf(name: SettingName): Source
  /** The environment, with the variables of the file below it. */
  readonly environment: Environment
  readonly home: string
}

const notEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))

const without = (env: Environment, leavesOut: (name: string) => boolean): Environment =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !leavesOut(name)))

/** Reads the file and puts the layers together; nothing is thrown, every problem is added to `problems`. */
export function openLayers(
  env: Environment,
  { options = {}, login, defaults = {} }: Given,
  problems: string[],
): Layers {
  const home = homeOf(env)
  const expand = (label: string, path: string): string => {
    const expanded = expandHome(path, home)
    if (!expanded.ok) problems.push(`${label}: ${expanded.problem}`)
    return expanded.ok ? expanded.path : path
  }
  const configPath = options['VIVAVOCE_CONFIG'] || env['VIVAVOCE_CONFIG']
  const file = configPath
    ? readConfigFile(resolve(expand(options['VIVAVOCE_CONFIG'] ? '--config' : 'VIVAVOCE_CONFIG', configPath)), problems)
    : undefined
  const ofFile = Object.fromEntries([...(file?.entries ?? [])].map(([name, { value }]) => [name, value]))
  const leavesOut = (name: string): boolean => login !== undefined && isLoginName(name)
  const environment = {
    ...without(notEmpty(ofFile), leavesOut),
    ...without(notEmpty(env), leavesOut),
    ...login,
  }
  const loginDirectory = environment['CLAUDE_CONFIG_DIR']
  const textOf = (
    name: SettingName,
  ): { readonly text: string; readonly label: string; readonly source: Source } | undefined => {
    const option = options[name]
    if (option) return { text: option, label: `--${optionNames.get(name) ?? name}`, source: 'option' }
    if (env[name]) return { text: env[name], label: name, source: 'environment' }
    const entry = file?.entries.get(name)
    if (entry?.value) return { text: entry.value, label: `${file?.path}:${entry.line}: ${name}`, source: 'file' }
    const text = defaults[name] ?? setting(name).default
    return text === undefined ? undefined : { text, label: name, source: 'default' }
  }
  return {
    home,
    environment: {
      ...environment,
      ...(home === '' ? {} : { HOME: home }),
      // The CLI runs in other directories than this program.
      ...(loginDirectory === undefined
        ? {}
        : { CLAUDE_CONFIG_DIR: resolve(expand('CLAUDE_CONFIG_DIR', loginDirectory)) }),
    },
    sourceOf: (name) => textOf(name)?.source ?? 'default',
    read<Name extends SettingName>(name: Name) {
      const found = textOf(name)
      if (found === undefined) return undefined as SettingValue<Name>
      const { schema, isPath } = setting(name)
      const parsed = schema.safeParse(isPath === true ? expand(found.label, found.text) : found.text)
      if (!parsed.success) problems.push(...parsed.error.issues.map(({ message }) => `${found.label}: ${message}`))
      return parsed.data as SettingValue<Name>
    },
  }
}
