import { expect, test } from 'vitest'
import { pdf } from '../../test/support/pdf.ts'
import { toDocument } from './to-document.ts'

const KINDS = 'only PDF and text (plain text, Markdown, CSV, JSON) can be taken'
const base64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64')
const url = (type: string, bytes: Buffer | string): string => `data:${type};base64,${base64(bytes)}`

test.each([
  ['a data URL', url('application/pdf', pdf())],
  ['base64 alone', base64(pdf())],
  ['a data URL of another type', url('application/octet-stream', pdf())],
  ['a data URL without a type', `data:;base64,${base64(pdf())}`],
])('[FI1] a PDF is known by its bytes, in %s', async (_kind, data) => {
  expect(await toDocument(data, 'план 🙂.txt')).toEqual({
    ok: true,
    pages: 1,
    document: { mediaType: 'application/pdf', base64: base64(pdf()), title: 'план 🙂.txt' },
  })
})

test.each([
  ['plain text', url('text/plain', '@/etc/passwd\n/clear'), '@/etc/passwd\n/clear'],
  ['Markdown', url('text/markdown; charset=utf-8', '# Ж 🙂'), '# Ж 🙂'],
  ['CSV', url('text/csv', 'a,b\r\n1,2\r\n'), 'a,b\r\n1,2\r\n'],
  ['JSON', url('application/json', '{"a":1.10}'), '{"a":1.10}'],
  ['text that is percent-encoded', 'data:text/plain,%D0%96%20a', 'Ж a'],
  ['base64 alone', base64('hello'), 'hello'],
  ['text with a byte order mark', base64('\ufeffhello'), 'hello'],
  ['text of another type', url('application/x-yaml', 'a: 1'), 'a: 1'],
])('[FI1] %s is text', async (_kind, data, text) => {
  expect(await toDocument(data, undefined)).toEqual({ ok: true, pages: 0, document: { mediaType: 'text/plain', text } })
})

test.each([
  ['the file is not a PDF', url('application/pdf', 'hello'), undefined],
  ['the file is not a PDF', base64('hello'), 'a.PDF'],
  [KINDS, url('application/zip', Buffer.from('PK\x03\x04\xff\xfe', 'latin1')), 'a.docx'],
  [KINDS, base64(Buffer.from([0x89, 0x50, 0x4e, 0x47])), 'a.png'],
  [KINDS, url('text/plain', 'a\0b'), undefined],
  ['its text is not UTF-8; save it as UTF-8', url('text/csv', Buffer.from('caf\xe9', 'latin1')), undefined],
  ['its text is not UTF-8; save it as UTF-8', base64(Buffer.from('caf\xe9', 'latin1')), 'a.csv'],
  ['the file has no text', url('text/plain', ' \n\t'), undefined],
  ['the data is empty', 'data:text/plain,', undefined],
  ['its base64 is broken', url('text/plain', 'hello').slice(0, -3), undefined],
  ['its base64 is broken', 'https://example.org/a.pdf', undefined],
  ['it is no data URL', 'data:text/plain', undefined],
  ['the file is larger than 10 MiB', base64(Buffer.alloc(10 * 1024 * 1024 + 1, 'a')), undefined],
])('[FI2] %s', async (problem, data, name) => {
  expect(await toDocument(data, name)).toEqual({ ok: false, problem })
})

test('[FI2] a file may have ten mebibytes', async () => {
  expect(await toDocument(base64(Buffer.alloc(10 * 1024 * 1024, 'a')), undefined)).toMatchObject({ ok: true })
})

test.each([
  ['', undefined],
  [' \n ', undefined],
  ['a\nb\0c', 'a b c'],
  ['🙂'.repeat(500), '🙂'.repeat(200)],
  ['a\ud800', 'a\ufffd'],
])('[FI1] the name %j is the title %j', async (name, title) => {
  const read = await toDocument(base64('hello'), name)
  expect(read.ok && read.document.title).toBe(title)
})
