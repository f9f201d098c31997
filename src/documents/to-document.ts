/** Files that a message carries in itself, as the model API takes them: a PDF, or text. */
import { REQUEST_LIMITS, type Document } from '../core/index.ts'
import { isDataUrl, readBase64, readDataUrl } from '../lib/index.ts'
import { inspectPdf } from './inspect-pdf.ts'

const MIB = 1024 * 1024
const MAX_BYTES = REQUEST_LIMITS.fileBytes.most
/** Where a PDF says that it is one. Source: ISO 32000-1, annex H. */
const PDF_HEAD_BYTES = 1024
/** More of a name tells nobody anything. */
const MAX_TITLE_CHARACTERS = 200

export type ReadDocument =
  /** `pages` of a text is 0. */
  | { readonly ok: true; readonly document: Document; readonly pages: number }
  /** A part of a sentence for the caller. */
  | { readonly ok: false; readonly problem: string }

const refuse = (problem: string): ReadDocument => ({ ok: false, problem })

const KINDS = 'only PDF and text (plain text, Markdown, CSV, JSON) can be taken'
const TEXT_NAME = /\.(?:txt|text|md|markdown|csv|json)$/i

/** A name is one line, short, and of whole characters. */
function titleOf(name: string | undefined): { readonly title?: string } {
  const title = Array.from(
    (name ?? '')
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, 2 * MAX_TITLE_CHARACTERS),
  )
    .slice(0, MAX_TITLE_CHARACTERS)
    .join('')
    .toWellFormed()
  return title === '' ? {} : { title }
}

function toText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return undefined
  }
}

async function readPdf(bytes: Buffer, name: string | undefined): Promise<ReadDocument> {
  const pdf = await inspectPdf(bytes)
  if (!pdf.ok) return pdf
  const document: Document = { mediaType: 'application/pdf', base64: bytes.toString('base64'), ...titleOf(name) }
  return { ok: true, document, pages: pdf.pages }
}

function readText(
  bytes: Buffer,
  { name, isText }: { readonly name: string | undefined; readonly isText: boolean },
): ReadDocument {
  const text = toText(bytes)
  if (text === undefined) return refuse(isText ? 'its text is not UTF-8; save it as UTF-8' : KINDS)
  if (text.includes('\0')) return refuse(KINDS)
  if (text.trim() === '') return refuse('the file has no text')
  return { ok: true, document: { mediaType: 'text/plain', text, ...titleOf(name) }, pages: 0 }
}

/**
 * The file in `file_data`: a `data:` URL, or base64. What its bytes are counts; the media type and the name matter only
 * where it is neither a PDF nor text.
 */
export async function toDocument(data: string, name: string | undefined): Promise<ReadDocument> {
  const read = isDataUrl(data) ? readDataUrl(data) : readBase64(data)
  if (!read.ok) return read
  const { bytes, mediaType } = read
  if (bytes.length > MAX_BYTES) return refuse(`the file is larger than ${MAX_BYTES / MIB} MiB`)
  if (bytes.subarray(0, PDF_HEAD_BYTES).includes('%PDF-')) return await readPdf(bytes, name)
  const isPdf = mediaType === 'application/pdf' || (mediaType === '' && /\.pdf$/i.test(name ?? ''))
  if (isPdf) return refuse('the file is not a PDF')
  const isText = mediaType.startsWith('text/') || mediaType === 'application/json' || TEXT_NAME.test(name ?? '')
  return readText(bytes, { name, isText })
}
