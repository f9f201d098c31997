/** `tools` and `tool_choice` of a chat request: the functions that the client runs itself. */
import { z } from 'zod'
import {
  GatewayError,
  overLimit,
  REQUEST_LIMITS,
  type ClientFunction,
  type ClientFunctions,
  type FunctionChoice,
} from '../../core/index.ts'
import { findMalformedPart, toCurrentDraft } from '../../json-schema/index.ts'
import { anyObject, boundedList } from '../bounded-list.ts'
import { fieldName } from '../problem.ts'
import { CUSTOM_PARAMETERS } from './custom-tools.ts'

const optional = <T extends z.ZodType>(schema: T) => schema.nullish()

const functionName = z
  .string('a string is expected')
  .regex(/^[\w-]{1,64}$/, 'a name of 1 to 64 letters, digits, underscores and dashes is expected')

const TOOL_TYPES = 'only tools of type `function` or `custom` can be offered'

const functionTool = z.object({
  type: z.literal('function', TOOL_TYPES),
  function: z.object(
    {
      name: functionName,
      description: optional(z.string('a string is expected')),
      parameters: optional(
        anyObject('a JSON Schema object is expected').refine(({ type }) => type === undefined || type === 'object', {
          path: ['type'],
          message: '`object` is expected at the top of the parameters',
        }),
      ),
      strict: optional(z.boolean('true or false is expected')),
    },
    'an object with `name` is expected',
  ),
})

const customTool = z.object({
  type: z.literal('custom', TOOL_TYPES),
  custom: z.object(
    {
      name: functionName,
      description: optional(z.string('a string is expected')),
      format: optional(
        z.object(
          { type: z.literal('text', 'only the format `text` is possible; describe a grammar in `description`') },
          'an object with `type` is expected',
        ),
      ),
    },
    'an object with `name` is expected',
  ),
})

const tool = z.discriminatedUnion('type', [functionTool, customTool], TOOL_TYPES)

export const tools = boundedList(tool, { limit: 'tools', expected: 'an array of tools is expected' })

const CHOICES = ['none', 'auto', 'required'] as const

const namedChoice = z.object({
  type: z.literal('function', '`function` is expected'),
  function: z.object({ name: z.string('a string is expected') }, 'an object with `name` is expected'),
})

const customChoice = z.object({
  type: z.literal('custom', '`custom` is expected'),
  custom: z.object({ name: z.string('a string is expected') }, 'an object with `name` is expected'),
})

const oneTool = z.discriminatedUnion('type', [namedChoice, customChoice], '`function` or `custom` is expected')

/** Some of the tools that are offered, chosen again. */
const allowedTools = z.object({
  type: z.literal('allowed_tools', '`allowed_tools` is expected'),
  allowed_tools: z.object({
    mode: z.enum(['auto', 'required'], 'auto or required is expected'),
    tools: boundedList(oneTool, { limit: 'tools' }),
  }),
})

const CHOICE_EXPECTED = `one of ${CHOICES.join(', ')}, or an object that names a tool, is expected`

export const toolChoice = z.union(
  [
    z.enum(CHOICES, CHOICE_EXPECTED),
    z.discriminatedUnion('type', [namedChoice, customChoice, allowedTools], CHOICE_EXPECTED),
  ],
  CHOICE_EXPECTED,
)

const refuse = (param: string, problem: string): GatewayError =>
  new GatewayError('invalid_request', `\`${param}\`: ${problem}.`, { param })

type Tool = z.infer<typeof tool>

/** The schema of a function's parameters. @throws GatewayError where it is malformed. */
function parametersOf({ function: { parameters } }: Extract<Tool, { type: 'function' }>, index: number) {
  const schema = toCurrentDraft({ type: 'object', ...parameters })
  const fault = findMalformedPart(schema)
  if (fault === undefined) return schema
  throw refuse(fieldName(['tools', index, 'function', 'parameters', ...fault.path]), fault.problem)
}

/** Before a schema is read: its size is what reading it costs. */
function refuseLarge(list: readonly Tool[]): void {
  let all = 0
  for (const [index, given] of list.entries()) {
    const characters = JSON.stringify(given).length
    all += characters
    if (characters > REQUEST_LIMITS.schemaCharacters.most)
      throw refuse(`tools[${index}]`, overLimit('schemaCharacters', characters))
  }
  if (all > REQUEST_LIMITS.toolCharacters.most) throw refuse('tools', overLimit('toolCharacters', all))
}

function offeredOf(list: readonly Tool[]): readonly ClientFunction[] {
  refuseLarge(list)
  const names = new Set<string>()
  return list.map((given, index): ClientFunction => {
    const { name, description } = given.type === 'custom' ? given.custom : given.function
    if (names.has(name)) throw refuse(`tools[${index}].${given.type}.name`, `the name \`${name}\` is used twice`)
    names.add(name)
    const named = { name, description: description ?? '' }
    return given.type === 'custom'
      ? { ...named, parameters: CUSTOM_PARAMETERS, custom: true }
      : { ...named, parameters: parametersOf(given, index) }
  })
}

const nameOf = (choice: z.infer<typeof oneTool>): string =>
  choice.type === 'custom' ? choice.custom.name : choice.function.name

/**
 * The client's functions; `undefined` where there are none (R7).
 * @throws GatewayError `invalid_request` where a name is used twice, or one is chosen that is not offered.
 */
export function functionsOf({
  tools: list,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: {
  readonly tools?: z.infer<typeof tools> | null | undefined
  readonly tool_choice?: z.infer<typeof toolChoice> | null | undefined
  readonly parallel_tool_calls?: boolean | null | undefined
}): ClientFunctions | undefined {
  const offered = offeredOf(list ?? [])
  const names = new Set(offered.map(({ name }) => name))
  const checked = (name: string): string => {
    if (!names.has(name)) throw refuse('tool_choice', 'it names a tool that `tools` does not offer')
    return name
  }
  if (offered.length === 0) {
    if (choice != null && choice !== 'auto' && choice !== 'none')
      throw refuse('tool_choice', 'it asks for a call, but `tools` offers nothing')
    return undefined
  }
  const common = { offered, parallel: parallel ?? true }
  if (choice == null || typeof choice === 'string') return { ...common, choice: choice ?? 'auto' }
  if (choice.type !== 'allowed_tools') return { ...common, choice: { name: checked(nameOf(choice)) } }
  const allowed = new Set(choice.allowed_tools.tools.map((one) => checked(nameOf(one))))
  const mode: FunctionChoice = choice.allowed_tools.mode
  if (allowed.size === 0) {
    if (mode === 'required') throw refuse('tool_choice', 'it asks for a call, but allows nothing')
    return undefined
  }
  return { ...common, offered: offered.filter(({ name }) => allowed.has(name)), choice: mode }
}
