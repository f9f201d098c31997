export { decodeDataUrl, type DecodedDataUrl } from './data-url.ts'
export { createPictureFetcher } from './picture-fetcher.ts'
export { withPictures } from './with-pictures.ts'
