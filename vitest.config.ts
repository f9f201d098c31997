import { defineConfig } from 'vitest/config'

/** End-to-end tests start processes; on two cores more than two files at once only slow each other down. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/postgres-server.ts', 'test/support/store-template.ts', 'test/support/leaks.ts'],
    setupFiles: ['test/oracle/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
