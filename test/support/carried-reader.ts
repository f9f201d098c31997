import { toDocument } from '../../src/documents/index.ts'
import { decodeDataUrl } from '../../src/images/index.ts'
import type { CarriedReader } from '../../src/images/with-pictures.ts'

/** Reads in the thread of the test. */
export const carriedReader: CarriedReader = {
  image: async (url) => decodeDataUrl(url),
  file: ({ data, name }) => toDocument(data, name),
}
