import { config } from './config.ts'
import { conversations } from './conversations/index.ts'
import { defineCommand, type CommandGroup } from './command-line/index.ts'
import { jobs } from './jobs/index.ts'
import { settingOptions } from './setting-options.ts'
import { version } from './version.ts'

/** The commands that start much are loaded when they run. */
const serve = defineCommand({
  name: 'serve',
  summary: 'Serve the OpenAI-compatible API until stopped',
  description:
    'Serve the OpenAI-compatible API until stopped, with the Claude Code CLI under its own login. ' +
    'An option goes before the environment, and the environment before the file that --config or VIVAVOCE_CONFIG names.',
  ...settingOptions({
    own: {
      rehearsal: { type: 'boolean', help: 'Put a stand-in for the model API behind the CLI; no login is needed' },
    },
  }),
  notes:
    'Keys are never options, because options show in the list of processes. Set API_BEARER_TOKEN in the environment or in the file. Without any key the first start makes one and keeps it in the data directory.',
  examples: [
    'vivavoce serve',
    'vivavoce serve --port 9000 --model haiku',
    'vivavoce serve --config /etc/vivavoce.env --host 0.0.0.0',
    'vivavoce serve --rehearsal --log-level debug',
  ],
  ownsSignals: true,
  outlivesReaders: true,
  run: async ({ values }) => await (await import('./serve/index.ts')).serve(values),
})

const demo = defineCommand({
  name: 'demo',
  summary: 'Show the gateway at work',
  description:
    'Show the gateway at work, on a free port and in a data directory of its own. Without --live the model API is a rehearsal on loopback: no login is needed and nothing leaves the machine.',
  ...settingOptions({
    own: { live: { type: 'boolean', help: 'Ask the real model under the login of the CLI' } },
    only: ['VIVAVOCE_CLAUDE_BIN', 'VIVAVOCE_DEFAULT_MODEL'],
  }),
  examples: ['vivavoce demo', 'vivavoce demo --live'],
  run: async ({ values }, { signal }) => await (await import('./demo/index.ts')).runDemo(values, signal),
})

const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check everything that serving needs',
  description:
    'Check everything that serving needs, one line each, with what to do about what is missing. ' +
    'A short question is asked of each model under the login of the CLI. Exit with 1 when a check failed; a warning is not a failure.',
  ...settingOptions({
    own: {
      offline: { type: 'boolean', help: 'Ask no model: leave the login and the models unchecked' },
      probe: { type: 'boolean', help: 'Find out the capabilities of the CLI again, and keep them for later starts' },
      json: { type: 'boolean', help: 'Print one JSON value' },
    },
    shown: false,
  }),
  examples: ['vivavoce doctor', 'vivavoce doctor --offline --json', 'vivavoce doctor --config /etc/vivavoce.env'],
  run: async ({ values }, world) => await (await import('./doctor/run-doctor.ts')).runDoctor(values, world),
})

export const COMMANDS: CommandGroup = {
  name: '',
  summary: '',
  description: 'Turn the Claude Code CLI that you are logged in to into a live, OpenAI-compatible engine.',
  commands: [serve, demo, doctor, config, jobs, conversations, version],
}
