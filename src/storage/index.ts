export { lockDirectory } from './directory-lock.ts'
export { describeServer } from './server-home.ts'
export { createStores, type LazyStores } from './stores.ts'
