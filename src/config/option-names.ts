import { setting, settingNames, type SettingName } from './settings.ts'

/** Of a client alone: a server has no use for it. */
const CLIENT_SETTING = 'VIVAVOCE_URL'

/** The option of a setting, without its dashes: `data-dir` for `VIVAVOCE_DATA_DIR`. */
const nameOf = (name: SettingName): string =>
  setting(name).option ??
  name
    .replace(/^VIVAVOCE_/, '')
    .toLowerCase()
    .replaceAll('_', '-')

/** The option of each setting that a server reads. A secret has none: options show in the list of processes. */
export const optionNames: ReadonlyMap<SettingName, string> = new Map(
  settingNames
    .filter((name) => setting(name).secret !== true && name !== CLIENT_SETTING)
    .map((name) => [name, nameOf(name)]),
)

/** The options that the secrets would have, to say where they belong instead. */
export const secretOptionNames: ReadonlyMap<string, SettingName> = new Map(
  settingNames.filter((name) => setting(name).secret === true).map((name) => [nameOf(name), name]),
)
