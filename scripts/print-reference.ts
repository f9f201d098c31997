/** Prints the reference pages from the tables in the code: `npm run docs`. */
import { writeFileSync } from 'node:fs'
import { commandReference } from '../src/cli/reference.ts'
import { configReference } from '../src/config/index.ts'
import { errorReference } from '../src/core/index.ts'
import { logReference } from '../src/telemetry/index.ts'
import { parameterReference } from '../src/wire/index.ts'

writeFileSync(new URL('../docs/reference/config.md', import.meta.url), configReference())
writeFileSync(new URL('../docs/reference/errors.md', import.meta.url), errorReference())
writeFileSync(new URL('../docs/reference/log.md', import.meta.url), logReference())
writeFileSync(new URL('../docs/reference/chat-completions.md', import.meta.url), parameterReference())
writeFileSync(new URL('../docs/reference/command.md', import.meta.url), commandReference())
