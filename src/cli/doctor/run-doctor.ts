import type { Options, Values } from '../command-line/index.ts'
import { writeJson } from '../client-command.ts'
import { settingsOf } from '../setting-options.ts'
import type { World } from '../world.ts'
import { runChecks, type Finding } from './check.ts'
import { capabilities, claude, safety } from './cli.ts'
import { formatFinding } from './format.ts'
import { login, models } from './login.ts'
import { address, cacheDirectory, claudeDirectory, dataDirectory, node } from './machine.ts'
import { agents, configuration, key, sandbox, store } from './setup.ts'

/** Checks everything that serving needs; resolves to 0 when no check failed. */
export async function runDoctor(values: Values<Options>, world: World): Promise<number> {
  const { stdout, environment, signal } = world
  const isOffline = values['offline'] === true
  const isJson = values['json'] === true
  const findings: ({ readonly name: string } & Omit<Finding, 'facts'>)[] = []
  const passed = await runChecks(
    [
      node,
      configuration(environment, settingsOf(values)),
      address,
      dataDirectory,
      key,
      cacheDirectory,
      claudeDirectory,
      store,
      agents,
      sandbox,
      claude,
      safety({ renew: values['probe'] === true }),
      capabilities,
      login(isOffline),
      models(isOffline),
    ],
    {
      signal,
      report(name, finding) {
        const { facts: _, ...shown } = finding
        findings.push({ name, ...shown })
        if (!isJson) stdout.write(formatFinding(name, finding))
      },
    },
  )
  if (isJson) writeJson(world, { ok: passed, checks: findings })
  return passed ? 0 : 1
}
