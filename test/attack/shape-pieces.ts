/** What bodies that are as large as may be are made of. */
import { deflateSync } from 'node:zlib'

export interface Shape {
  readonly name: string
  readonly path?: string
  readonly body: () => Uint8Array | string
  readonly headers?: Record<string, string>
  /** The code of the refusal; absent where the request is served, or fails later. */
  readonly code?: string
}

const CHAT = '/v1/chat/completions'
export const MIB = 1024 * 1024
/** A little below the largest body. */
export const SIZE = 32 * MIB - 1024

export const times = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at))
export const user = (content: unknown) => ({ role: 'user', content })
export const chat = (fields: object): string =>
  JSON.stringify({ model: 'haiku', stream: true, messages: [user('say exactly: a')], ...fields })
export const filled = (head: string, piece: string, tail: string, size = SIZE): string =>
  `${head}${piece.repeat(Math.floor((size - head.length - tail.length) / piece.length))}${tail}`

export const GIF = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
export const image = (url: string) => ({ type: 'image_url', image_url: { url } })
export const dataUrl = (type: string, bytes: Buffer): string => `data:${type};base64,${bytes.toString('base64')}`
const PNG_HEAD = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\b\x02\0\0\0', 'latin1')
export const png = (size: number): string => dataUrl('image/png', Buffer.concat([PNG_HEAD, Buffer.alloc(size)]))
export const pdf = (text: string | Buffer): string =>
  dataUrl('application/pdf', Buffer.concat([Buffer.from('%PDF-1.5\n'), Buffer.from(text), Buffer.from('\n%%EOF')]))
export const file = (data: string) => ({ type: 'file', file: { file_data: data, filename: 'a.pdf' } })
export const packed = deflateSync(Buffer.alloc(31 * MIB, '<</Type/Page>> '))
export const tool = (at: number, parameters: object = {}) => ({
  type: 'function',
  function: { name: `f${at}`, parameters },
})
export const call = (at: number) => ({ id: `c${at}`, type: 'function', function: { name: 'f', arguments: '{}' } })
export const schemaOf = (schema: object) => ({
  response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
})
export const properties = (count: number, make: (at: number) => object): object =>
  Object.fromEntries(times(count, (at) => [`p${at}`, make(at)]))

export const MAX_TEXT = 1_999_000

export const pathOf = ({ path = CHAT }: Shape): string => path
