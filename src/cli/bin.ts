#!/usr/bin/env node
import { AgentFilesError } from '../agents/index.ts'
import { ConfigError } from '../config/index.ts'
import { GatewayError } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'
import { CommandError } from './command-error.ts'
import { runCommand } from './command.ts'

/** What the operator is told: one message for what can be put right, a stack for a defect. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const expected = [ConfigError, CommandError, AgentFilesError].some((kind) => error instanceof kind)
  if (expected) return error.message
  if (error instanceof GatewayError)
    return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
  if (hasCode(error, 'EADDRINUSE')) return `${error.message}; set VIVAVOCE_PORT to another port, or 0 for any`
  // The system refused: its words name the file or address.
  return 'syscall' in error ? error.message : (error.stack ?? error.message)
}

try {
  process.exitCode = await runCommand(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`vivavoce: ${told(error)}\n`)
  process.exitCode = 1
}
