export { lockDirectory } from './directory-lock.ts'
export { serverVersion } from './server-home.ts'
export { createStores, type LazyStores } from './stores.ts'
