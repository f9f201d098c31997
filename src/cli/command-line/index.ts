export { defineCommand, type Command, type CommandGroup, type Options, type Values } from './command.ts'
export { helpOf } from './help.ts'
export { hasFlag, parseArguments } from './parse.ts'
export { resolveStep, usageHint, type Step } from './resolve.ts'
