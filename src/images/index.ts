export { createPictureFetcher } from './picture-fetcher.ts'
export { withPictures } from './with-pictures.ts'
