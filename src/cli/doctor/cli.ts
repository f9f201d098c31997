/** The Claude Code CLI: its version, whether it is safe to serve, and its capabilities. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkOnce } from '../../check-cli.ts'
import { locateCli, missingFrom } from '../../claude/index.ts'
import { fail, ok, reasonOf, warn, type Check, type Facts } from './check.ts'

const INSTALL = 'Install it (`npm install -g @anthropic-ai/claude-code`), or name it with VIVAVOCE_CLAUDE_BIN.'

export const claude: Check = {
  name: 'claude',
  needs: ['config'],
  async run({ facts: { config } }) {
    if (config === undefined) throw new Error('no configuration')
    try {
      const cli = await locateCli({ wanted: config.VIVAVOCE_CLAUDE_BIN, searchPath: config.searchPath })
      return ok(`${cli.version} (${cli.path})`, { cli })
    } catch (error) {
      return fail(reasonOf(error), INSTALL)
    }
  },
}

/** `renew` finds out the capabilities again, whatever the cache holds. */
export const safety = ({ renew }: { readonly renew: boolean }): Check => ({
  name: 'safety of the CLI',
  needs: ['config', 'cli'],
  async run({ facts: { config }, signal }) {
    if (config === undefined) throw new Error('no configuration')
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-doctor-'))
    try {
      const observer = { observe: () => undefined }
      const { findings } = await checkOnce(config, { directory, observer, signal, renew })
      const missing = missingFrom(findings)
      return ok('it neither reads files nor runs commands that a caller’s text names', { missing })
    } catch (error) {
      signal.throwIfAborted()
      return fail(reasonOf(error), 'Check again when less runs on this machine; then try another version of the CLI.')
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    }
  },
})

export function capabilitiesFinding(missing: NonNullable<Facts['missing']>): ReturnType<typeof ok> {
  if (missing.length === 0) return ok('all that pooled processes need')
  const costs = missing.map(({ capability, status, cost }) => `${capability} is ${status}: ${cost}`)
  const isUnknown = missing.some(({ status }) => status === 'unknown')
  return warn(
    `${missing.length} of them ${missing.length === 1 ? 'is' : 'are'} missing or unknown`,
    [
      ...costs,
      isUnknown
        ? 'Run `vivavoce doctor --probe` when less runs on this machine.'
        : 'Install a newer Claude Code CLI to have them.',
    ].join('\n'),
  )
}

export const capabilities: Check = {
  name: 'capabilities',
  needs: ['missing'],
  run: async ({ facts: { missing = [] } }) => capabilitiesFinding(missing),
}
