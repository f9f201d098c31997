import { expect, test } from 'vitest'
import { jpegSize } from './jpeg.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const FRAME = 'ffc0 0011 08 0003 0002 03 012200 021101 031101'

test.each([
  ['a frame', `ffd8 ${FRAME}`],
  ['a progressive frame', `ffd8 ${FRAME.replace('ffc0', 'ffc2')}`],
  ['segments before the frame', `ffd8 ffe0 0004 4a46 ffe1 0003 00 ffdb 0002 ${FRAME}`],
  ['tables among the frame markers', `ffd8 ffc4 0004 0102 ${FRAME}`],
  ['fill bytes and garbage between segments', `ffd8 ffe0 0004 4a46 00 12 ffff ${FRAME}`],
  ['markers without a segment', `ffd8 ff01 ffd0 ${FRAME}`],
])('[IM1] the size of a JPEG image is read behind %s', (_what, hex) => {
  expect(jpegSize(bytes(hex))).toEqual({ width: 2, height: 3 })
})

test.each([
  ['no frame', 'ffd8 ffe0 0004 4a46 ffd9'],
  ['a segment of length 0', `ffd8 ffe0 0000 ${FRAME}`],
  ['a frame behind the scan', `ffd8 ffda 0002 ${FRAME}`],
  ['a frame that is cut short', 'ffd8 ffc0 0011 08 0003'],
])('[IM1] a JPEG image has no size: %s', (_what, hex) => {
  expect(jpegSize(bytes(hex))).toBeUndefined()
})

test.each([
  ['zeros', Buffer.alloc(10_000_000)],
  ['segments of length 2', Buffer.alloc(10_000_000, Buffer.from('ffe00002', 'hex'))],
  ['markers', Buffer.alloc(10_000_000, 0xff)],
  ['markers without a segment', Buffer.alloc(10_000_000, Buffer.from('ffd0', 'hex'))],
])('[IM1] 10 MB of %s behind the head of a JPEG image are looked at once', (_what, rest) => {
  const started = process.cpuUsage().user
  expect(jpegSize(Buffer.concat([bytes('ffd8 ffe0'), rest]))).toBeUndefined()
  expect(process.cpuUsage().user - started).toBeLessThan(1_000_000)
})
