import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { pdf } from '../../test/support/pdf.ts'
import { inspectPdf } from './inspect-pdf.ts'

const BROKEN = { ok: false, problem: 'the PDF is broken or cut short' }
const ENCRYPTED = { ok: false, problem: 'the PDF is encrypted; send it without a password' }
const wrap = (text: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from('%PDF-1.5\n'), Buffer.from(text), Buffer.from('\n%%EOF')])
const packed = (dictionary: string, data: Buffer): Buffer =>
  wrap(
    Buffer.concat([
      Buffer.from(`1 0 obj <</Type/ObjStm ${dictionary}>>\nstream\n`),
      data,
      Buffer.from('\nendstream endobj'),
    ]),
  )

test.each([1, 3, 100, 101, 5000])(
  '[FI3] the %i pages of a PDF are counted, its objects packed or not',
  async (pages) => {
    expect(await inspectPdf(pdf({ pages }))).toEqual({ ok: true, pages })
    expect(await inspectPdf(pdf({ pages, packed: true }))).toEqual({ ok: true, pages })
  },
)

test('[FI3] the root of the page tree counts, whatever stands in streams, names and texts', async () => {
  const tree = `1 0 obj <</Type/Pages/Count 7/Kids[2 0 R]>> endobj 2 0 obj <</Count 3/Type /Pages>> endobj
3 0 obj (the stream of pages) endobj 4 0 obj <</Length 9>> stream
/Type /Pages /Count 900 /Encrypt 1 0 R
endstream endobj`
  expect(await inspectPdf(wrap(tree))).toEqual({ ok: true, pages: 7 })
  const pagesAlone =
    '1 0 obj <</Type/Page>> endobj 2 0 obj <</Type /Page/PageMode/X>> endobj 3 0 obj <</Type/PageLabel>> endobj'
  expect(await inspectPdf(wrap(pagesAlone))).toEqual({ ok: true, pages: 2 })
})

test('[FI4] an encrypted PDF is named as such, its objects packed or not', async () => {
  expect(await inspectPdf(pdf({ encrypted: true }))).toEqual(ENCRYPTED)
  expect(await inspectPdf(pdf({ encrypted: true, packed: true }))).toEqual(ENCRYPTED)
})

test.each<[string, Buffer]>([
  ['cut short', pdf({ pages: 3 }).subarray(0, -30)],
  ['cut short within its packed objects', pdf({ pages: 300, packed: true }).subarray(0, 200)],
  ['a head alone', Buffer.from('%PDF-1.7')],
  ['without a page', wrap('1 0 obj <</Type/Catalog>> endobj')],
  ['with packed objects that are none', packed('/N 1/First 4/Filter/FlateDecode', Buffer.from('garbage'))],
  ['with objects in another packing', packed('/N 1/First 4/Filter/LZWDecode', Buffer.from('1 0 <</Type/Page>>'))],
  ['that unpacks without end', packed('/N 1/First 4/Filter/FlateDecode', deflateSync(Buffer.alloc(100 * 1024 * 1024)))],
])('[FI4] a PDF %s is broken', async (_kind, bytes) => {
  expect(await inspectPdf(bytes)).toEqual(BROKEN)
})

test('[FI4] ten megabytes of anything are judged in one pass', { timeout: 60_000 }, async () => {
  const offsets = Array.from({ length: 400_000 }, (_, nth) => `${nth} ${nth % 2 === 0 ? 0 : 4_000_000}`).join(' ')
  const objects = Buffer.from(`${offsets} ${'<</Type/Page>>'.repeat(300_000)}`)
  await inspectPdf(packed(`/N 400000/First ${offsets.length + 1}`, objects))
  for (const part of [
    '<<>>stream\n',
    'endobj',
    '/Type ',
    '/Encrypt 1 ',
    '/Type/Pages/Count ',
    'stream',
    ' ',
    '>>stream\nendstream',
  ]) {
    await inspectPdf(wrap(part.repeat(10_000_000 / part.length)))
  }
  expect(await inspectPdf(wrap(`<</Type/ObjStm/Filter${' '.repeat(9_000_000)}>>stream\nx endstream`))).toEqual(BROKEN)
})
