#!/usr/bin/env node
// The command as it is installed: it runs what `npm run build` made.
import { existsSync } from 'node:fs'

const built = new URL('../dist/cli/bin.js', import.meta.url)
if (existsSync(built)) {
  await import(built.href)
} else {
  process.stderr.write('vivavoce: it is not built yet; run npm run build\n')
  process.exitCode = 1
}
