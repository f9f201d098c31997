import { toDocument, type ReadDocument } from '../documents/index.ts'
import { createSchemaCheck } from '../json-schema/index.ts'
import { parseJson } from '../lib/index.ts'
import { decodeDataUrl, type DecodedDataUrl } from '../images/index.ts'
import {
  parseChatRequest,
  parseConversationalRequest,
  parseJobRequest,
  type ChatRequest,
  type ConversationalRequest,
  type JobRequest,
} from '../wire/index.ts'
import { readJson, type SentBody } from './read-json.ts'

/** A file as a message carries it. */
export interface CarriedFile {
  readonly data: string
  readonly name: string | undefined
}

/** A response of the model that is to satisfy a schema of the caller. */
interface Answered {
  readonly json: string
  readonly schema: object
}

/** Keywords by which a schema of a few bytes may take long: it is checked again and again, or a text is searched. */
const SLOW = /"(?:pattern(?:Properties)?|\$ref|(?:all|any|one)Of|uniqueItems|unevaluated\w+)"/

/** Everything that callers send and the gateway reads: what is given, and what comes of it. */
interface Given {
  readonly answer: Answered
  readonly chat: SentBody
  readonly conversational: SentBody
  readonly job: SentBody
  readonly image: string
  readonly file: CarriedFile
}

interface Result {
  readonly answer: string | undefined
  readonly chat: ChatRequest
  readonly conversational: ConversationalRequest
  readonly job: JobRequest
  readonly image: DecodedDataUrl
  readonly file: ReadDocument
}

export type Kind = keyof Given
export type GivenOf<K extends Kind> = Given[K]
export type ResultOf<K extends Kind> = Result[K]

interface Reading<K extends Kind> {
  /** Throws a GatewayError where it cannot be read. Without effects, so that it may run in any thread. */
  readonly read: (given: GivenOf<K>) => ResultOf<K> | Promise<ResultOf<K>>
  /** Whether it takes so little time that the thread that serves everybody may do it. */
  readonly isQuick: (given: GivenOf<K>) => boolean
}

/** A body of that size takes a few milliseconds, also one that is a schema full of patterns. */
const QUICK_BYTES = 64 * 1024
const isSmall = ({ pieces }: SentBody): boolean => pieces.reduce((sum, { length }) => sum + length, 0) <= QUICK_BYTES

export const READINGS: { readonly [K in Kind]: Reading<K> } = {
  chat: { read: (body) => parseChatRequest(readJson(body).value), isQuick: isSmall },
  conversational: { read: (body) => parseConversationalRequest(readJson(body).value), isQuick: isSmall },
  job: {
    read(body) {
      const { value, text } = readJson(body)
      return parseJobRequest(value, text)
    },
    isQuick: isSmall,
  },
  image: { read: decodeDataUrl, isQuick: (url) => url.length <= QUICK_BYTES },
  answer: {
    read({ json, schema }) {
      const parsed = parseJson(json)
      return parsed.ok ? createSchemaCheck(schema)(parsed.value) : parsed.problem
    },
    isQuick({ json, schema }) {
      const text = JSON.stringify(schema)
      return json.length + text.length <= QUICK_BYTES && !SLOW.test(text)
    },
  },
  // A small PDF may unpack to a large one.
  file: { read: ({ data, name }) => toDocument(data, name), isQuick: () => false },
}
