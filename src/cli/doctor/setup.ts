/** What the operator has set up: the configuration, agents, the store, the sandbox. */
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentFilesError, loadAgents } from '../../agents/index.ts'
import { ConfigError, loadConfig, type Environment } from '../../config/index.ts'
import { isTalker, needsSandbox } from '../../core/index.ts'
import { keyPathOf, readKeyFile } from '../../key-file.ts'
import { agentSourceOf, offerOf } from '../../offer.ts'
import { openRunCgroups, openSandbox } from '../../sandbox/index.ts'
import { describeServer } from '../../storage/index.ts'
import { fail, ok, reasonOf, warn, type Check } from './check.ts'

export const configuration = (environment: Environment, options: Environment): Check => ({
  name: 'configuration',
  needs: [],
  async run() {
    try {
      const path = options['VIVAVOCE_CONFIG'] || environment['VIVAVOCE_CONFIG']
      const config = loadConfig(environment, { options })
      return ok(path ? `all settings can be used, those of ${path} too` : 'all settings can be used', { config })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return fail('it cannot be used', error.problems.join('\n'))
    }
  },
})

export const key: Check = {
  name: 'key',
  needs: ['config', 'dataDirectory'],
  async run({ facts: { config } }) {
    if (config === undefined) throw new Error('no configuration')
    const path = keyPathOf(config)
    if (path === undefined) return ok('set by API_BEARER_TOKEN or VIVAVOCE_TENANTS')
    try {
      return (await readKeyFile(path)) === undefined
        ? ok(`not set; the first start makes one in ${path}`)
        : ok(`not set; the one in ${path} is used`)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return fail('it cannot be used', error.problems.join('\n'))
    }
  },
}

export const agents: Check = {
  name: 'agents',
  needs: ['config'],
  async run({ facts: { config } }) {
    if (config === undefined) throw new Error('no configuration')
    try {
      const loaded = await loadAgents(agentSourceOf(config))
      offerOf(config, loaded)
      const shown = loaded.map((agent) => `${agent.name} (${isTalker(agent) ? 'chat' : 'tools'})`)
      return ok(shown.join(', '), { agents: loaded })
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof AgentFilesError)) throw error
      return fail('they cannot be used', error.problems.join('\n'))
    }
  },
}

/** Older servers lack what the job queue needs. */
const NEEDED_POSTGRES = 130_000

export const store: Check = {
  name: 'store',
  needs: ['config'],
  async run({ facts: { config } }) {
    const url = config?.DATABASE_URL
    if (url === undefined) return ok('in the data directory')
    try {
      const { version, versionNumber, mayCreate } = await describeServer(url)
      if (versionNumber < NEEDED_POSTGRES)
        return fail(`PostgreSQL ${version} is too old`, 'Use PostgreSQL 13 or newer (DATABASE_URL).')
      return mayCreate
        ? ok(`PostgreSQL ${version}`)
        : fail(
            `PostgreSQL ${version}, but its user may not create tables`,
            'Run `GRANT CREATE ON DATABASE … TO …` as its owner, or name another user in DATABASE_URL.',
          )
    } catch (error) {
      return fail(
        `PostgreSQL cannot be used: ${reasonOf(error)}`,
        'Check that the server runs and that DATABASE_URL names its host, port, user, password and database.',
      )
    }
  },
}

const UNLIMITED_PROCESSES =
  'A run that starts processes without end can freeze this machine. Run the server as another user than root, or give it a cgroup that it may write to (`Delegate=yes` in its systemd unit).'

export const sandbox: Check = {
  name: 'sandbox',
  needs: ['config', 'agents'],
  async run({ facts: { config, agents: loaded = [] } }) {
    if (config === undefined) throw new Error('no configuration')
    const temporaryDirectory = await realpath(await mkdtemp(join(tmpdir(), 'vivavoce-doctor-')))
    try {
      const found = await openSandbox({
        ...config,
        temporaryDirectory,
        maxFileBytes: config.VIVAVOCE_WORKSPACE_MAX_MB * 1024 * 1024,
        cgroups: await openRunCgroups(config.runLimits),
      })
      if (found.ok) {
        const what = `bubblewrap ${found.version} (${found.path}); ${found.limits}`
        return found.limitsProcesses ? ok(what) : warn(what, UNLIMITED_PROCESSES)
      }
      const concerned = loaded.filter(needsSandbox).map(({ name }) => name)
      const what = `none (${found.problem})`
      if (concerned.length === 0)
        return warn(what, 'Agents that run commands or write files would be refused; no agent here does.')
      const install = 'Install bubblewrap 0.8 or newer (`apt install bubblewrap`), or set VIVAVOCE_ALLOW_UNSANDBOXED=1.'
      return config.VIVAVOCE_ALLOW_UNSANDBOXED
        ? warn(what, `These agents run with all rights of this user: ${concerned.join(', ')}.`)
        : fail(`${what}: these agents are refused: ${concerned.join(', ')}`, install)
    } finally {
      await rm(temporaryDirectory, { recursive: true, force: true })
    }
  },
}
