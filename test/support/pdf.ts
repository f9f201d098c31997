import { deflateSync } from 'node:zlib'

export interface PdfOptions {
  readonly pages?: number
  /** Whether its objects are packed in a stream, as most writers do since PDF 1.5. */
  readonly packed?: boolean
  readonly encrypted?: boolean
}

/** A PDF of empty pages, well-formed but for its table of places, which readers make anew. */
export function pdf({ pages = 1, packed = false, encrypted = false }: PdfOptions = {}): Buffer {
  const kids = Array.from({ length: pages }, (_, nth) => nth + 3)
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids.map((kid) => `${kid} 0 R`).join(' ')}] /Count ${pages} >>`,
    ...kids.map(() => '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>'),
  ]
  const trailer = `/Root 1 0 R /Size ${objects.length + 1}${encrypted ? ' /Encrypt 99 0 R' : ''}`
  const tail = '\nstartxref\n0\n%%EOF\n'
  if (!packed) {
    const body = objects.map((object, nth) => `${nth + 1} 0 obj\n${object}\nendobj\n`).join('')
    return Buffer.from(`%PDF-1.4\n${body}trailer\n<< ${trailer} >>${tail}`, 'latin1')
  }
  const places = objects.map((_, nth) => objects.slice(0, nth).reduce((sum, each) => sum + each.length + 1, 0))
  const head = places.map((place, nth) => `${nth + 1} ${place}`).join(' ')
  const stream = deflateSync(Buffer.from(`${head}\n${objects.join(' ')}`, 'latin1'))
  const dictionary = `<< /Type /ObjStm /N ${objects.length} /First ${head.length + 1} /Filter /FlateDecode /Length ${stream.length} >>`
  return Buffer.concat([
    Buffer.from(`%PDF-1.5\n900 0 obj\n${dictionary}\nstream\r\n`, 'latin1'),
    stream,
    Buffer.from(
      `\nendstream\nendobj\n901 0 obj\n<< /Type /XRef ${trailer} /Length 0 >>\nstream\n\nendstream\nendobj${tail}`,
    ),
  ])
}
