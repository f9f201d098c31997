#!/usr/bin/env node
// The command as it is installed. Only syntax that old versions of Node can read, so that they can say which Node is needed.
import { existsSync, readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = engines.node.replace('>=', '')
const source = new URL('../src/cli/bin.ts', import.meta.url)
const built = new URL('../dist/cli/bin.js', import.meta.url)

const isAtLeast = (version) => {
  const [major, minor = 0] = version.split('.').map(Number)
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

function fail(message) {
  process.stderr.write(`vivavoce: ${message}\n`)
  process.exitCode = 1
}

// Node 22 and 23 warn of SQLite, which vivavoce uses as they have it.
const { emitWarning } = process
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).startsWith('SQLite is an experimental feature')) emitWarning.call(process, warning, ...rest)
}

if (!isAtLeast(needed)) {
  fail(`Node ${process.versions.node} is too old. Install Node ${needed} or newer: https://nodejs.org/en/download.`)
} else if (isAtLeast('24') && existsSync(source)) {
  // A checkout runs its sources, which need no build on Node 24.
  void import(source.href)
} else if (existsSync(built)) {
  void import(built.href)
} else {
  fail('It is not built. Run `npm run build`.')
}
