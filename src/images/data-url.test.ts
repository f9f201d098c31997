import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeDataUrl } from './data-url.ts'
import type { PictureMediaType } from '../core/index.ts'

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const png = { ok: true, image: { mediaType: 'image/png', base64: PIXEL } }

const BEGINNINGS: readonly (readonly [PictureMediaType, Buffer])[] = [
  ['image/png', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\b\x02\0\0\0', 'latin1')],
  [
    'image/jpeg',
    Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\b\0\x03\0\x02\x03', 'latin1'),
  ],
  ['image/gif', Buffer.from('GIF87a\x02\0\x03\0', 'latin1')],
  ['image/gif', Buffer.from('GIF89a\x02\0\x03\0', 'latin1')],
  ['image/webp', Buffer.from('RIFF\x0a%\xfe\0WEBPVP8X\n\0\0\0\x10\0\0\0\x01\0\0\x02\0\0', 'latin1')],
]

const anyPicture = fc
  .tuple(fc.constantFrom(...BEGINNINGS), fc.uint8Array({ maxLength: 200 }))
  .map(([[mediaType, beginning], rest]) => ({ mediaType, bytes: Buffer.concat([beginning, rest]) }))

/** How clients write the same base64. */
const WRITTEN: readonly ((base64: string) => string)[] = [
  (base64) => base64,
  (base64) => base64.replaceAll('=', ''),
  (base64) => base64.replaceAll('+', '-').replaceAll('/', '_'),
  (base64) => encodeURIComponent(base64),
  (base64) => base64.replaceAll(/.{1,7}/g, '$&\r\n '),
]

test('[IM1] any picture in a data URL comes out as its bytes and its true type, however it is written', () => {
  fc.assert(
    fc.property(anyPicture, fc.constantFrom(...WRITTEN), ({ mediaType, bytes }, written) => {
      const base64 = bytes.toString('base64')
      const picture = { ok: true, image: { mediaType, base64 } }
      expect(decodeDataUrl(`data:image/png;base64,${written(base64)}`)).toEqual(picture)
    }),
  )
})

test('[IM1] a picture that is percent-encoded without base64 comes out as its bytes', () => {
  fc.assert(
    fc.property(anyPicture, ({ mediaType, bytes }) => {
      const encoded = bytes.toString('hex').replaceAll(/../g, '%$&')
      const picture = { ok: true, image: { mediaType, base64: bytes.toString('base64') } }
      expect(decodeDataUrl(`data:image/webp,${encoded}`)).toEqual(picture)
    }),
  )
})

test.each([
  'data:image/jpeg;base64,',
  'data:image/png;charset=utf-8;base64,',
  'data:image/png;name=a%20b.png; BASE64 ,',
  'DATA:IMAGE/PNG;Base64,',
  'data:;base64,',
  'data:text/plain;base64,',
])('[IM1] the header %s does not change what the bytes are', (header) => {
  expect(decodeDataUrl(`${header}${PIXEL}`)).toEqual(png)
})

test('[IM1] characters that stand for themselves in a data URL without base64 are taken as bytes', () => {
  const decoded = decodeDataUrl('data:image/gif,GIF89a%00%2g%')
  expect(decoded).toEqual({
    ok: true,
    image: { mediaType: 'image/gif', base64: Buffer.from('GIF89a\0%2g%').toString('base64') },
  })
})

test.each([
  ['the data is no PNG, JPEG, GIF or WebP image', 'data:image/png;base64,aGVsbG8='],
  ['the data is no PNG, JPEG, GIF or WebP image', 'data:image/svg+xml,%3Csvg/%3E'],
  ['the data is no PNG, JPEG, GIF or WebP image', `data:image/png;base64,${btoa('\x89PNG\r\n\x1a\n and no size')}`],
  ['the data is no PNG, JPEG, GIF or WebP image', `data:image/png,${PIXEL}`],
  ['the data is no PNG, JPEG, GIF or WebP image', `data:image/webp;base64,${btoa('RIFF\0\0\0\0WAVE')}`],
  ['the data is empty', 'data:image/png;base64,'],
  ['the data is empty', 'data:image/png;base64, \n'],
  ['the data is empty', 'data:,'],
  ['its base64 is broken', `data:image/png;base64,${PIXEL}A`],
  ['its base64 is broken', `data:image/png;base64,${PIXEL}=`],
  ['its base64 is broken', `data:image/png;base64,${PIXEL.slice(0, -1)}`],
  ['its base64 is broken', `data:image/png;base64,${PIXEL.slice(0, -3)}`],
  ['its base64 is broken', `data:image/png;base64,iVBOR*${PIXEL}`],
  ['its base64 is broken', `data:image/png;base64,ĩVBOR${PIXEL}`],
  ['its base64 is broken', 'data:image/png;base64,===='],
  ['it is no data URL', `data:image/png;base64;${PIXEL}`],
  ['it is no data URL', `https://pictures.test/${PIXEL},`],
  ['it is no data URL', ''],
])('[IM1] %s: %s', (problem, url) => {
  expect(decodeDataUrl(url)).toEqual({ ok: false, problem })
})

test('[IM1] twenty megabytes are decoded or refused in a moment, whatever they are made of', () => {
  const size = 12_000_000
  const begun = performance.now()
  const whole = decodeDataUrl(`data:image/png;base64,${PIXEL.slice(0, 80)}${'A'.repeat(size)}`)
  expect(whole.ok && whole.image.base64.length).toBe(size + 80)
  for (const filler of ['=', ' ', '%', ';', '%41', '-', 'é']) {
    const long = filler.repeat(size / filler.length)
    expect(decodeDataUrl(`data:image/png;base64,AAAA${long}*`).ok).toBe(false)
    expect(decodeDataUrl(`data:image/png${long}`).ok).toBe(false)
    expect(decodeDataUrl(`data:${long},${long}`).ok).toBe(false)
  }
  expect(performance.now() - begun).toBeLessThan(20_000)
})
