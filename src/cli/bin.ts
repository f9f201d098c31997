#!/usr/bin/env node
import { AgentFilesError } from '../agents/index.ts'
import { ConfigError } from '../config/index.ts'
import { GatewayError } from '../core/index.ts'
import { runCommand } from './command.ts'
import { DemoError } from './demo.ts'

try {
  process.exitCode = await runCommand(process.argv.slice(2))
} catch (error) {
  const expected =
    error instanceof ConfigError ||
    error instanceof DemoError ||
    error instanceof AgentFilesError ||
    error instanceof GatewayError
  const cause = error instanceof GatewayError && error.cause instanceof Error ? ` (${error.cause.message})` : ''
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  process.stderr.write(
    `vivavoce: ${expected ? `${error.message}${cause}` : inUse ? `${error.message}; set VIVAVOCE_PORT to another port, or 0 for any` : error instanceof Error ? error.stack : String(error)}\n`,
  )
  process.exitCode = 1
}
