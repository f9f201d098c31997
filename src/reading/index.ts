export type { SentBody } from './read-json.ts'
export { createReaders, type Readers } from './readers.ts'
