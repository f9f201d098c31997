export { toDocument, type ReadDocument } from './to-document.ts'
