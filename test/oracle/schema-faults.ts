import { Validator, type OutputUnit } from '@cfworker/json-schema'
import { openAiSchema, type SchemaName } from './openai-schema.ts'

/** These say only that something below them, or one of several forms, did not fit. */
const SUMMARIES: ReadonlySet<string> = new Set(['$ref', 'properties', 'items', 'additionalProperties', 'anyOf'])

const validators = new Map<SchemaName, Validator>()

const validatorOf = (name: SchemaName): Validator => {
  const validator = validators.get(name) ?? new Validator(openAiSchema(name), '2020-12', false)
  validators.set(name, validator)
  return validator
}

/** `#/choices/0/delta` → `choices[0].delta`. */
const place = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')

const sentence = ({ keyword, instanceLocation, error }: OutputUnit): string => {
  const where = place(instanceLocation)
  if (keyword === 'false') return `${where} is a field that OpenAI does not have`
  return `${where || 'it'}: ${error.replace(/^Instance /, '').replace(/\.$/, '')}`
}

/** What of `value` is not as OpenAI publishes it, a sentence for each fault. */
export function schemaFaults(name: SchemaName, value: unknown): readonly string[] {
  const { valid, errors } = validatorOf(name).validate(value)
  if (valid) return []
  return (
    errors
      .filter(({ keyword }) => !SUMMARIES.has(keyword))
      // Of a value that may also be null, that it is not null tells nothing: its own faults stand beside it.
      .filter(({ keyword, keywordLocation }) => !(keyword === 'type' && keywordLocation.endsWith('/anyOf/0/type')))
      .map(sentence)
  )
}
