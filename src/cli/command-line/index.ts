export { defineCommand, type Command, type CommandGroup, type Options, type Values } from './command.ts'
export { helpOf, wrap } from './help.ts'
export { hasFlag, parseArguments } from './parse.ts'
export { resolveStep, usageHint, type Step } from './resolve.ts'
