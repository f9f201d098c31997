export { ConfigError, loadConfig, type Config } from './load-config.ts'
export { configReference } from './reference.ts'
export { setting, settingNames, type SettingName } from './settings.ts'
export { readEnvironment } from './environment.ts'
