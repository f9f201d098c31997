export { MAX_PAGES, toDocument, type ReadDocument } from './to-document.ts'
