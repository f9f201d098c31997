export { lockDirectory } from './directory-lock.ts'
export { createStores, type LazyStores } from './stores.ts'
