/** `response_format` of a chat request. */
import { z } from 'zod'
import { GatewayError, overLimit, REQUEST_LIMITS } from '../../core/index.ts'
import { findSchemaFault, toCurrentDraft } from '../../json-schema/index.ts'
import { anyObject } from '../bounded-list.ts'
import { fieldName } from '../problem.ts'

export const responseFormat = z.object(
  {
    type: z.enum(['text', 'json_object', 'json_schema'], 'text, json_object or json_schema is expected'),
    json_schema: z
      .object(
        { schema: anyObject('a JSON Schema object is expected').nullish() },
        'an object with `schema` is expected',
      )
      .nullish(),
  },
  'an object with `type` is expected',
)

const PATH = ['response_format', 'json_schema', 'schema']

function refuse(path: readonly (string | number)[], problem: string): GatewayError {
  const param = fieldName([...PATH, ...path])
  return new GatewayError('invalid_request', `\`${param}\`: ${problem}.`, { param })
}

/**
 * The schema that the answer must satisfy, `undefined` where it may be any text.
 * @throws GatewayError `invalid_request` that names the part of a schema that is impossible or unsupported.
 */
export function outputSchemaOf(
  format: z.infer<typeof responseFormat> | null | undefined,
): Readonly<Record<string, unknown>> | undefined {
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'object', additionalProperties: true }
    case 'json_schema': {
      const schema = format.json_schema?.schema
      if (schema == null) throw refuse([], 'a JSON Schema object is expected')
      const characters = JSON.stringify(schema).length
      if (characters > REQUEST_LIMITS.schemaCharacters.most) throw refuse([], overLimit('schemaCharacters', characters))
      const fault = findSchemaFault(schema)
      if (fault !== undefined) throw refuse(fault.path, fault.problem)
      return { type: 'object', ...toCurrentDraft(schema) }
    }
  }
}
