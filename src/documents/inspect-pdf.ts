/**
 * What must be known of a PDF before the model gets it: that it is whole and not encrypted, and how many pages it has. Each
 * byte is looked at once, and what is packed is unpacked within a limit. Source: ISO 32000-1, 7.5 and 7.7.3.
 */
import { promisify } from 'node:util'
import { inflate } from 'node:zlib'

const inflated = promisify(inflate)

export type InspectedPdf =
  | { readonly ok: true; readonly pages: number }
  /** A part of a sentence for the caller. */
  | { readonly ok: false; readonly problem: string }

/** What may stand behind the end mark. */
const TAIL_BYTES = 4096
/** Of all packed objects together. */
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024

const ENCRYPTED = /\/Encrypt\s*(?:\d+\s+\d+\s+R|<<)/
const PAGE_TREE = /\/Type\s*\/Pages(?![A-Za-z])/
const PAGE = /\/Type\s*\/Page(?![A-Za-z])/g
const COUNT = /\/Count\s+(\d{1,9})/
const FLATE = /\/Filter[\s[]*\/FlateDecode/
const PACKED = /\/Type\s*\/ObjStm/

const CR = 0x0d
const LF = 0x0a
const GREATER = 0x3e

const BROKEN: InspectedPdf = { ok: false, problem: 'the PDF is broken or cut short' }

interface Parts {
  /** The text of the objects, their streams left out. */
  readonly objects: readonly string[]
  /** The streams that hold objects. */
  readonly packed: readonly { readonly head: string; readonly bytes: Buffer }[]
}

const isSpace = (byte: number | undefined): boolean => byte !== undefined && byte <= 0x20

/** The next place from which a stream begins: the word behind a dictionary and before a line break. */
function streamFrom(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf('stream', from, 'latin1'); at >= 0; at = bytes.indexOf('stream', at + 1, 'latin1')) {
    const next = bytes[at + 'stream'.length]
    let before = at - 1
    while (before >= from && isSpace(bytes[before])) before--
    if ((next === CR || next === LF) && bytes[before] === GREATER) return at
  }
  return -1
}

/** Behind the line break that follows the word `stream`. */
function lineEnd(bytes: Buffer, from: number): number {
  const at = bytes[from] === CR ? from + 1 : from
  return bytes[at] === LF ? at + 1 : at
}

function partsOf(bytes: Buffer): Parts {
  const objects: string[] = []
  const packed: { head: string; bytes: Buffer }[] = []
  for (let at = 0; at < bytes.length;) {
    const stream = streamFrom(bytes, at)
    for (const object of bytes.toString('latin1', at, stream < 0 ? bytes.length : stream).split('endobj')) {
      objects.push(object)
    }
    const end = stream < 0 ? -1 : bytes.indexOf('endstream', stream, 'latin1')
    if (end < 0) break
    const head = objects.at(-1) ?? ''
    if (PACKED.test(head)) packed.push({ head, bytes: bytes.subarray(lineEnd(bytes, stream + 'stream'.length), end) })
    at = end + 'endstream'.length
  }
  return { objects, packed }
}

/** The objects in a packed stream: their numbers and places stand before the first, in their order. */
function* unpackedObjects(head: string, text: string): Generator<string> {
  const first = Number(/\/First\s+(\d{1,9})/.exec(head)?.[1] ?? 0)
  const numbers = text.slice(0, first).trim().split(/\s+/)
  let from = first
  for (let nth = 3; nth < numbers.length; nth += 2) {
    const to = first + Number(numbers[nth])
    // Places out of order would have the same text looked at again and again.
    if (!(to > from)) continue
    yield text.slice(from, to)
    from = to
  }
  yield text.slice(from)
}

/** Undefined where a stream cannot be unpacked within what may be. */
async function objectsIn(packed: Parts['packed']): Promise<readonly string[] | undefined> {
  const objects: string[] = []
  let left = MAX_UNPACKED_BYTES
  for (const { head, bytes } of packed) {
    const isFiltered = head.includes('/Filter')
    if (isFiltered && !FLATE.test(head)) return undefined
    try {
      const plain = isFiltered ? await inflated(bytes, { maxOutputLength: left }) : bytes
      left -= plain.length
      if (left <= 0) return undefined
      for (const object of unpackedObjects(head, plain.toString('latin1'))) objects.push(object)
    } catch {
      // Whatever is wrong with it, nobody can read it.
      return undefined
    }
  }
  return objects
}

/** The root of the page tree counts all of them; where there is none the pages themselves are counted. */
function pagesIn(objects: readonly string[]): number {
  const counted = objects.reduce(
    (most, object) => (PAGE_TREE.test(object) ? Math.max(most, Number(COUNT.exec(object)?.[1] ?? 0)) : most),
    0,
  )
  return counted > 0 ? counted : objects.reduce((sum, object) => sum + (object.match(PAGE)?.length ?? 0), 0)
}

export async function inspectPdf(bytes: Buffer): Promise<InspectedPdf> {
  if (!bytes.subarray(-TAIL_BYTES).includes('%%EOF')) return BROKEN
  const { objects, packed } = partsOf(bytes)
  if (objects.some((object) => ENCRYPTED.test(object)))
    return { ok: false, problem: 'the PDF is encrypted; send it without a password' }
  const unpacked = await objectsIn(packed)
  if (unpacked === undefined) return BROKEN
  const pages = pagesIn(objects.concat(unpacked))
  return pages === 0 ? BROKEN : { ok: true, pages }
}
