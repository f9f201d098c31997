/** The options that stand for settings, made from the table of the settings. */
import { isFlag, optionNames, secretOptionNames, setting, type Environment, type SettingName } from '../config/index.ts'
import type { Options, Values } from './command-line/index.ts'

function optionOf(name: SettingName, isShown: boolean): Options[string] {
  const { help, default: fallback, defaultText } = setting(name)
  const shown =
    isShown && help !== undefined ? { help, fallback: fallback ?? defaultText?.replaceAll('`', '') ?? 'none' } : {}
  // `PORT` for `VIVAVOCE_PORT`, `DIR` for `VIVAVOCE_DATA_DIR`.
  return isFlag(name)
    ? { type: 'boolean', ...shown }
    : { type: 'string', value: name.split('_').at(-1) ?? name, ...shown }
}

const CONFIG = {
  config: { type: 'string', value: 'FILE', help: 'Read settings from this file', fallback: 'VIVAVOCE_CONFIG' },
} as const

/** The options of a command that reads settings: its own, `--config`, and one for each setting that may be an option. */
export function settingOptions<const Own extends Options>({
  own,
  only,
  shown = true,
}: {
  readonly own: Own
  readonly only?: readonly SettingName[]
  /** Whether the help describes them; otherwise it names them. */
  readonly shown?: boolean
}) {
  const taken = [...optionNames].filter(([name]) => only?.includes(name) ?? true)
  const options: Own & typeof CONFIG & Options = {
    ...own,
    ...CONFIG,
    ...Object.fromEntries(taken.map(([name, option]) => [option, optionOf(name, shown)])),
  }
  const refusedOptions = Object.fromEntries(
    [...secretOptionNames].map(([option, name]) => [
      option,
      `options show in the list of processes. Set ${name} in the environment or in the configuration file.`,
    ]),
  )
  return { options, refusedOptions }
}

/** The settings that the options of a command line set, as they would stand in the environment. */
export function settingsOf(values: Values<Options>): Environment {
  const textOf = (value: string | boolean | undefined): string | undefined =>
    value === true ? '1' : value || undefined
  return {
    VIVAVOCE_CONFIG: textOf(values['config']),
    ...Object.fromEntries([...optionNames].map(([name, option]) => [name, textOf(values[option])])),
  }
}
