import { defineConfig, type Plugin } from 'vitest/config'

const STORAGE = 'src/storage/**/*.test.ts'
const NODE_CLIENTS = 'test/clients/node/**/*.test.ts'
const ATTACKS = 'test/attack/**/*.test.ts'
/** PostgreSQL, where it is installed, and a data directory whose store is there already. */
const STORES = ['test/support/postgres-server.ts', 'test/support/store-template.ts']

/** Vitest does not pass `--dir` on to projects; it would be ignored. */
const dirOfCommandLine: Plugin = {
  name: 'dir-of-command-line',
  configureVitest({ project, vitest }) {
    if (vitest.config.dir !== undefined) project.config.dir = vitest.config.dir
  },
}

/**
 * `unit` needs nothing but Node; `e2e` runs the real CLI, git and PostgreSQL; `clients` needs what `npm run test:clients`
 * installs; `attack` does what a hostile caller or model would (`npm run attack`). End-to-end tests start processes: on two cores more than two files at once only slow each other down.
 */
export default defineConfig({
  plugins: [dirOfCommandLine],
  test: {
    globalSetup: ['test/support/leaks.ts'],
    setupFiles: ['test/oracle/setup.ts'],
    exclude: ['**/node_modules/**'],
    // Nothing is timed here: these only end a test that hangs, on a machine that is busy with something else too.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'], exclude: [STORAGE] } },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts', STORAGE],
          exclude: ['**/node_modules/**', NODE_CLIENTS, ATTACKS],
          globalSetup: STORES,
        },
      },
      // An attack loads the machine and measures what that does to others: one at a time.
      {
        extends: true,
        test: { name: 'attack', include: [ATTACKS], globalSetup: STORES, fileParallelism: false },
      },
      { extends: true, test: { name: 'clients', include: [NODE_CLIENTS] } },
    ],
  },
})
