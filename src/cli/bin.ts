#!/usr/bin/env node
import { AgentFilesError } from '../agents/index.ts'
import { ConfigError } from '../config/index.ts'
import { GatewayError } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'
import { CommandError } from './command-error.ts'
import { runCommand } from './command.ts'

/** One message for a failure that the operator can correct, a stack for a defect. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const expected = [ConfigError, CommandError, AgentFilesError].some((kind) => error instanceof kind)
  if (expected) return error.message
  if (error instanceof GatewayError)
    return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
  if (hasCode(error, 'EADDRINUSE'))
    return cannotListen(error, 'is in use', 'Choose another port with --port or VIVAVOCE_PORT')
  if (hasCode(error, 'EADDRNOTAVAIL', 'ENOTFOUND'))
    return cannotListen(error, 'is not of this machine', 'Choose another address with --host or VIVAVOCE_HOST')
  if (hasCode(error, 'EACCES') && 'port' in error)
    return cannotListen(
      error,
      'may not be used by this user',
      'Choose a port from 1024 up with --port or VIVAVOCE_PORT',
    )
  // The system refused: its message names the file or address.
  return 'syscall' in error ? error.message : (error.stack ?? error.message)
}

function cannotListen(error: Error, why: string, advice: string): string {
  const [address, port] = ['address', 'port'].map((name) => Reflect.get(error, name) as unknown)
  const where = [address ?? Reflect.get(error, 'hostname'), port].filter((part) => part !== undefined).join(':')
  return `the address ${where} ${why}. ${advice}; \`vivavoce doctor\` says more.`
}

try {
  process.exitCode = await runCommand(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`vivavoce: ${messageOf(error)}\n`)
  process.exitCode = 1
}
