/** Takes the bytes of a connection apart into the replies that a client of HTTP/1.1 would see. */

export interface ParsedReply {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly whole: boolean
}

export interface ParsedReplies {
  readonly replies: readonly ParsedReply[]
  /** What no client could make sense of. */
  readonly problem: string | undefined
}

const BLANK = Buffer.from('\r\n\r\n')
const BREAK = Buffer.from('\r\n')

interface Body {
  readonly body: Uint8Array
  /** Where the next reply begins; `undefined` while there is more to come. */
  readonly end: number | undefined
  readonly problem?: string
}

function chunkedBody(bytes: Buffer, from: number): Body {
  const chunks: Buffer[] = []
  let at = from
  for (;;) {
    const lineEnd = bytes.indexOf(BREAK, at)
    if (lineEnd < 0) return { body: Buffer.concat(chunks), end: undefined }
    const line = bytes.toString('latin1', at, lineEnd)
    if (!/^[0-9a-f]+$/i.test(line)) {
      return { body: Buffer.concat(chunks), end: undefined, problem: `no chunk begins with ${JSON.stringify(line)}` }
    }
    const size = Number.parseInt(line, 16)
    const start = lineEnd + BREAK.length
    if (start + size + BREAK.length > bytes.length) return { body: Buffer.concat(chunks), end: undefined }
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + BREAK.length
    if (size === 0) return { body: Buffer.concat(chunks), end: at }
  }
}

function sizedBody(bytes: Buffer, from: number, size: number): Body {
  const body = bytes.subarray(from, from + size)
  return { body, end: body.length < size ? undefined : from + size }
}

function bodyAt(
  bytes: Buffer,
  from: number,
  {
    status,
    headers,
    method,
    closed,
  }: Pick<ParsedReply, 'status' | 'headers'> & { readonly method: string; readonly closed: boolean },
): Body {
  if (method === 'HEAD' || status === 204 || status === 304) return { body: Buffer.alloc(0), end: from }
  if (headers['transfer-encoding'] === 'chunked') return chunkedBody(bytes, from)
  const length = headers['content-length']
  if (length !== undefined) return sizedBody(bytes, from, Number(length))
  return { body: bytes.subarray(from), end: closed ? bytes.length : undefined }
}

const headersIn = (lines: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )

/** The replies to requests of these methods. Interim ones are passed over. */
export function parseReplies(
  bytes: Buffer,
  { methods, closed }: { readonly methods: readonly string[]; readonly closed: boolean },
): ParsedReplies {
  const replies: ParsedReply[] = []
  let at = 0
  while (at < bytes.length) {
    const headEnd = bytes.indexOf(BLANK, at)
    if (headEnd < 0) return { replies, problem: closed ? 'the head of a reply is cut' : undefined }
    const [start = '', ...lines] = bytes.toString('latin1', at, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1])
    if (Number.isNaN(status)) return { replies, problem: `no reply begins with ${JSON.stringify(start.slice(0, 200))}` }
    const from = headEnd + BLANK.length
    if (status < 200) {
      at = from
      continue
    }
    const headers = headersIn(lines)
    const { body, end, problem } = bodyAt(bytes, from, {
      status,
      headers,
      method: methods[replies.length] ?? '',
      closed,
    })
    replies.push({ status, headers, body, whole: end !== undefined })
    if (end === undefined) return { replies, problem }
    at = end
  }
  return { replies, problem: undefined }
}
