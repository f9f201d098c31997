export { createApp } from './app.ts'
export { createBackground } from './background.ts'
export type { AppDeps } from './deps.ts'
export { startServer, type HttpServer } from './server.ts'
