/** Every setting: its name, its form, its default, what it does. The reference page is printed from this table. */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { isBranchName } from '../core/index.ts'

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, 'a whole number is expected')
    .transform(Number)
    .pipe(z.number().min(min, `at least ${min} is expected`).max(max, `at most ${max} is expected`))

const seconds = integer(1, 86_400)

const flag = z.enum(['0', '1'], '0 or 1 is expected').transform((text) => text === '1')

const decimal = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'a number is expected')
    .transform(Number)
    .pipe(z.number().gt(min, `more than ${min} is expected`).max(max, `at most ${max} is expected`))

const name = z.string().regex(/^[^\s,=*]+$/, 'a name without spaces, commas, = or * is expected')
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)
const names = list.pipe(z.array(name).min(1, 'at least one name is expected'))

const branchPatterns = list.pipe(
  z
    .array(
      z
        .string()
        .refine(
          (text) => isBranchName(text.replaceAll('*', 'x')),
          'names of branches are expected, with * for any text',
        ),
    )
    .min(1, 'at least one name is expected'),
)

const hosts = names.pipe(
  z.array(
    z.string().regex(/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i, 'hosts of the form name or name:port are expected'),
  ),
)

const networks = names.pipe(
  z.array(
    z
      .string()
      .refine(
        (text) => isIP(text) !== 0 || ipaddr.isValidCIDR(text),
        'IP addresses, or networks such as 10.0.0.0/8, are expected',
      ),
  ),
)

/** As Standard Webhooks writes a secret, or a text. */
const callbackSecret = z.string().refine((text) => {
  if (!text.startsWith('whsec_')) return /^[\x21-\x7e]{16,}$/.test(text)
  const base64 = text.slice('whsec_'.length)
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 && bytes.length >= 24 && bytes.length <= 64
}, '`whsec_` with the base64 of 24 to 64 bytes, or at least 16 visible ASCII characters without spaces are expected')

const aliases = z.string().transform((text, context) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [pattern = '', target = '', ...rest] = part.split('=').map((side) => side.trim())
      if (pattern === '' || target === '' || rest.length > 0) {
        context.addIssue({ code: 'custom', message: `\`${part}\` is not of the form name=model` })
      }
      return { pattern, target }
    }),
)

const tenants = z
  .string()
  .transform((text, context) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => {
        const at = part.indexOf('=')
        const [tenant, key] = [part.slice(0, Math.max(at, 0)), part.slice(at + 1)]
        if (!/^[a-z0-9][a-z0-9-]*$/.test(tenant) || tenant === 'default' || !/^[\x21-\x7e]+$/.test(key)) {
          context.addIssue({
            code: 'custom',
            message: 'entries of the form name=KEY are expected; a name is of a-z, 0-9 and -, and not `default`',
          })
        }
        return { tenant, key }
      }),
  )
  .pipe(z.array(z.object({ tenant: z.string(), key: z.string() })).min(1, 'at least one entry is expected'))

/** An address without a slash at its end, so that a path can be put behind it. */
const serverUrl = z.string().transform((text, context) => {
  const url = URL.parse(text)
  const { protocol = '', username = '', password = '', search = '', hash = '' } = url ?? {}
  if (url === null || !/^https?:$/.test(protocol) || username + password + search + hash !== '') {
    context.addIssue({
      code: 'custom',
      message: 'an address of the form http://host:port or https://host is expected, without name, password or query',
    })
  }
  return url?.href.replace(/\/+$/, '') ?? ''
})

/** Origins as browsers send them, or `*`. */
const corsOrigins = list.pipe(
  z.array(
    z.string().transform((text, context) => {
      if (text === '*') return text
      const { origin = 'null' } = URL.parse(text) ?? {}
      // Pages of extensions and apps have schemes without an origin of the standard.
      const plain = origin === 'null' && !/^(https?|wss?|ftp|file|data|blob):/i.test(text) ? text.toLowerCase() : origin
      if (!/^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*]+$/i.test(text) || plain === 'null') {
        context.addIssue({
          code: 'custom',
          message: `\`${text}\` is not an origin of the form https://host or http://host:port, without a slash at its end`,
        })
      }
      return plain
    }),
  ),
)

interface Setting {
  readonly schema: z.ZodType<unknown, string>
  /** As it would stand in the environment. */
  readonly default?: string
  /** For the reference page, where the default is worked out. */
  readonly defaultText?: string
  readonly secret?: true
  /** `~` and `~/…` stand for the home directory. */
  readonly isPath?: true
  /** The option of the command where it is not made of the name (option-names.ts). */
  readonly option?: string
  /** An imperative for `vivavoce serve --help`, for the options that most people need. */
  readonly help?: string
  readonly tells: string
}

export const SETTINGS = {
  VIVAVOCE_HOST: {
    schema: z.string().min(1),
    default: '127.0.0.1',
    help: 'Listen on this address; a key is needed beyond loopback',
    tells:
      'The address to listen on. Any but a loopback address needs a key (`API_BEARER_TOKEN` or `VIVAVOCE_TENANTS`), and every key at least 16 characters.',
  },
  VIVAVOCE_PORT: {
    schema: integer(0, 65_535),
    default: '8765',
    help: 'Listen on this port; 0 takes any free one',
    tells:
      'The port to listen on; 0 takes any free one. The bound address is printed on stdout as one JSON line, `{"listening":"http://…"}`.',
  },
  API_BEARER_TOKEN: {
    schema: z.string().regex(/^[\x21-\x7e]+$/, 'visible ASCII characters without spaces are expected'),
    secret: true,
    defaultText: 'on loopback a key of its own, made at the first start and kept in `api-key` in the data directory',
    tells: 'The key that callers must present as `Authorization: Bearer KEY`.',
  },
  VIVAVOCE_TENANTS: {
    schema: tenants,
    secret: true,
    defaultText: 'none',
    tells:
      'Further keys, `name=KEY` with commas between, each of a tenant of its own: tenants share no conversation, no job and no process that either has used.',
  },
  VIVAVOCE_CLAUDE_BIN: {
    schema: z.string().min(1),
    defaultText: '`claude` on the PATH, else the one in `node_modules`',
    isPath: true,
    help: 'Run this Claude Code CLI',
    tells: 'The Claude Code CLI: a path, or a name on the PATH.',
  },
  VIVAVOCE_MODELS: {
    schema: names,
    default: 'haiku,sonnet,opus',
    tells: 'The models on offer, as the CLI takes them in `--model`.',
  },
  VIVAVOCE_DEFAULT_MODEL: {
    schema: name,
    default: 'sonnet',
    option: 'model',
    help: 'Answer with this model when a request names none',
    tells: 'The model of a request that names none. One of `VIVAVOCE_MODELS`.',
  },
  VIVAVOCE_MODEL_ALIASES: {
    schema: aliases,
    defaultText: 'none',
    tells:
      'Foreign model names, `name=model` with commas between; `*` stands for any text, case does not matter, and the first match counts. A target is a model or `agent/model`.',
  },
  VIVAVOCE_DEFAULT_ALIASES: {
    schema: flag,
    default: '1',
    tells:
      'Whether names that clients send by themselves are mapped, after `VIVAVOCE_MODEL_ALIASES`: `gpt-4*`, `gpt-5*`, `o1*` to `o4*` and `chatgpt-*` to `sonnet`, their `-mini` and `-nano` forms and `gpt-3.5*` to `haiku` (or to the default model), `claude-opus-*` and the like to their family. `0` switches that off.',
  },
  VIVAVOCE_AGENTS_DIR: {
    schema: z.string().min(1),
    defaultText: 'the agents that come with vivavoce',
    isPath: true,
    help: 'Read the agent files from this directory',
    tells:
      'The directory of the agent files (`*.md`). An agent that a setting names and the directory lacks comes from the built-in agents.',
  },
  VIVAVOCE_STREAM_AGENT: {
    schema: name,
    default: 'conversational',
    tells: 'The agent that serves chat, streamed or not, and `/v1/conversational`. It must have no tools.',
  },
  VIVAVOCE_AGENT: {
    schema: name,
    defaultText: '`recruiter-triage`, for jobs alone',
    help: 'Run this agent for jobs that name none',
    tells:
      'The agent of a job that names none. If this setting or `VIVAVOCE_WORKSPACE_REPO` is set, the agent also serves chat that is not streamed and names no agent.',
  },
  VIVAVOCE_PERSONA: {
    schema: z.enum(['prepend', 'fallback', 'off']),
    default: 'fallback',
    tells:
      'How a chat agent’s persona and the caller’s system message are combined: `fallback` uses the persona only if the caller sends no system message, `prepend` puts it before the caller’s text, `off` never uses it.',
  },
  VIVAVOCE_WORKSPACE_REPO: {
    schema: z
      .string()
      .min(1)
      .refine((text) => !text.startsWith('-'), 'a repository does not begin with a dash'),
    defaultText: 'none: an empty directory',
    isPath: true,
    help: 'Give each run of a tool agent a checkout of this repository',
    tells:
      'The git repository that a doer gets a fresh checkout of: a path or an address that `git clone` takes. An agent file may name another (`repository`).',
  },
  VIVAVOCE_WORKSPACE_BRANCH: {
    schema: z.string().refine(isBranchName, 'the name of a branch is expected'),
    defaultText: 'the repository’s default branch',
    tells: 'The branch of that checkout. An agent file may name another (`branch`).',
  },
  VIVAVOCE_WORKSPACE_MAX_MB: {
    schema: integer(1, 10_000_000),
    default: '2048',
    tells:
      'The largest workspace, in MiB, with what git keeps in it. A larger repository is refused; a run that makes its workspace larger, or puts more than 500,000 files and directories into it, is stopped.',
  },
  VIVAVOCE_SANDBOX_MEMORY_MB: {
    schema: integer(64, 10_000_000),
    defaultText: 'a quarter of the machine’s memory, at least 1024',
    tells:
      'The most memory that the commands of a run may use, in MiB. If the gateway may make no cgroup, each process may use that much; Node needs 700 then, and 512 more for each worker. `/tmp`, home and `/dev/shm` of a command are in memory, each a quarter of it.',
  },
  VIVAVOCE_SANDBOX_PROCESSES: {
    schema: integer(16, 1_000_000),
    default: '1024',
    tells:
      'The most processes and threads that the commands of a run may have at once. If the gateway may make no cgroup, each command may have that many, unless the gateway runs as root.',
  },
  VIVAVOCE_PUSH_BRANCHES: {
    schema: branchPatterns,
    defaultText: 'none',
    tells:
      'The branches that the work of a run may be pushed to, names with commas between; `*` stands for any text, as in `agent/*`.',
  },
  VIVAVOCE_DATA_DIR: {
    schema: z.string().min(1),
    defaultText: '`$XDG_DATA_HOME/vivavoce`, else `~/.local/share/vivavoce`',
    isPath: true,
    help: 'Keep conversations, jobs and workspaces here',
    tells: 'Where conversations, jobs and workspaces are kept. One server at a time.',
  },
  DATABASE_URL: {
    schema: z.string().regex(/^postgres(ql)?:\/\//, 'an address of the form postgres://… is expected'),
    secret: true,
    defaultText: 'none: the store is in the data directory',
    tells:
      'A PostgreSQL server that keeps conversations and jobs. Several gateways may share one; each has a data directory of its own.',
  },
  VIVAVOCE_POOL_MAX: {
    schema: integer(0, 1000),
    defaultText: 'as many as fit into `VIVAVOCE_POOL_MEMORY_MB`, at most 16',
    tells: 'How many CLI processes are kept for talkers. 0 keeps none: each turn starts one of its own.',
  },
  VIVAVOCE_POOL_SPARES: {
    schema: integer(0, 1000),
    defaultText: 'one for each core, at most 4',
    tells:
      'How many of them are kept free for whoever comes. Where there are several tenants these are processes that nobody has used.',
  },
  VIVAVOCE_POOL_MEMORY_MB: {
    schema: integer(128, 10_000_000),
    defaultText: 'a quarter of the machine’s memory, at least 256',
    tells: 'How much memory they may take together, in MiB. A process takes 110 at first and up to 400.',
  },
  MAX_CONCURRENCY: {
    schema: integer(1, 1000),
    default: '10',
    help: 'Run at most this many turns and jobs at once',
    tells: 'How many turns and jobs may run at once. The others wait; tenants take turns, chat goes before jobs.',
  },
  VIVAVOCE_JOB_CONCURRENCY: {
    schema: integer(1, 1000),
    defaultText: 'half of `MAX_CONCURRENCY`, at least 1',
    tells:
      'How many of `MAX_CONCURRENCY` jobs and tool agents’ turns may take together. The rest is reserved for chat, which may take all of them.',
  },
  MAX_QUEUE_DEPTH: {
    schema: integer(0, 100_000),
    default: '100',
    tells:
      'How many requests may wait, and how many jobs; one more is refused: 429 for `/execute`, 503 elsewhere. With several tenants each may always have its equal share waiting.',
  },
  CONVERSATIONAL_TIMEOUT_SECONDS: {
    schema: seconds,
    default: '120',
    tells: 'The longest turn of a talker, in seconds. Waiting for a place does not count.',
  },
  VIVAVOCE_CONVERSATION_TTL_DAYS: {
    schema: integer(1, 36_500),
    default: '90',
    tells: 'How long conversations of `/v1/conversational` are kept after their last turn, in days.',
  },
  VIVAVOCE_START_TIMEOUT_SECONDS: {
    schema: seconds,
    default: '30',
    tells:
      'The shortest limit on the silence of a process that starts, in seconds. The limit follows what starts take on this machine: four times as long, and twice that after each start that was given up.',
  },
  VIVAVOCE_FIRST_TOKEN_TIMEOUT_SECONDS: {
    schema: seconds,
    default: '60',
    tells:
      'The longest wait for a chat agent’s response to begin, in seconds. A request that would wait longer than that for a slot or a process is refused with `overloaded`.',
  },
  VIVAVOCE_TOKEN_GAP_TIMEOUT_SECONDS: {
    schema: seconds,
    default: '30',
    tells: 'The longest silence within a talker’s answer, in seconds.',
  },
  VIVAVOCE_WRITE_TIMEOUT_SECONDS: {
    schema: seconds,
    default: '30',
    tells:
      'How long the client of a stream may take nothing of what is ready for it, in seconds; then its connection is closed and its turn is stopped. Operating systems take some hundred kilobytes for a client that pauses.',
  },
  VIVAVOCE_AFTER_RESULT_TIMEOUT_SECONDS: {
    schema: seconds,
    default: '5',
    tells:
      'How long a process may take to come to rest after its answer, or after its answer was broken off, in seconds; then it is ended.',
  },
  VIVAVOCE_AGENT_TIMEOUT_SECONDS: {
    schema: integer(1, 82_800),
    default: '900',
    tells:
      'The longest run of a doer, in seconds; a job may ask for less or more with `timeout_seconds`, up to `VIVAVOCE_JOB_MAX_TIMEOUT_SECONDS`.',
  },
  VIVAVOCE_AGENT_BUDGET_USD: {
    schema: decimal(0, 10_000),
    default: '2',
    tells:
      'The budget of a doer’s run in US dollars; a job may ask for another with `max_budget_usd`, up to `VIVAVOCE_JOB_MAX_BUDGET_USD`.',
  },
  VIVAVOCE_JOB_MAX_TIMEOUT_SECONDS: {
    schema: integer(1, 82_800),
    default: '82800',
    tells: 'The longest `timeout_seconds` that a job may ask for; a job that asks for more is a 400.',
  },
  VIVAVOCE_JOB_MAX_BUDGET_USD: {
    schema: decimal(0, 1_000_000),
    defaultText: 'none: a job may ask for any budget',
    tells: 'The largest `max_budget_usd` that a job may ask for; a job that asks for more is a 400.',
  },
  VIVAVOCE_ALLOW_UNSANDBOXED: {
    schema: flag,
    default: '0',
    tells:
      'Where bubblewrap cannot run, agents that may run commands or write files are refused; `1` lets them run without a sandbox, with all that the server’s user may do. With a CLI older than 2.1.330, agents with file tools beside commands are refused too; `1` lets them run, in the sandbox where there is one.',
  },
  VIVAVOCE_HEADER_HOLD_MS: {
    schema: integer(0, 4000),
    default: '1000',
    tells:
      'How long a stream’s status waits for the first event, in milliseconds, so that an early failure gets a real status. A client’s time limit on the headers, such as Pipecat’s `retry_timeout_secs`, has an effect only below it.',
  },
  VIVAVOCE_CORS_ORIGINS: {
    schema: corsOrigins,
    defaultText: 'none',
    tells:
      'Origins whose pages may call from a browser, such as `https://app.example`, with commas between; `*` lets every page call. A page that calls holds a key.',
  },
  VIVAVOCE_TRUST_PROXY: {
    schema: networks,
    defaultText: 'none',
    tells:
      'Addresses and networks (`10.0.0.0/8`) of proxies in front of the gateway, with commas between. The log’s `clientAddress` is then the right-most address of `x-forwarded-for` that is not one of them.',
  },
  VIVAVOCE_PRIVATE_HOSTS: {
    schema: hosts,
    defaultText: 'none',
    tells:
      'Hosts, `name` or `name:port` with commas between, from which pictures are fetched and to which callbacks are sent although their addresses are not public ones. All others must be.',
  },
  VIVAVOCE_CALLBACK_SECRET: {
    schema: callbackSecret,
    secret: true,
    defaultText: 'none: callbacks are refused',
    tells:
      'What callbacks are signed with: `whsec_` with the base64 of 24 to 64 bytes, or at least 16 visible ASCII characters, which are taken as they are. Without it a job that asks for a callback is refused.',
  },
  VIVAVOCE_MAX_BODY_MB: {
    schema: integer(1, 1024),
    default: '32',
    tells: 'The largest request body, in MiB; a larger one is a 413.',
  },
  JOB_TTL_SECONDS: {
    schema: integer(1, 31_536_000),
    default: '604800',
    tells: 'How long a finished job is kept, in seconds: its output, its events and its patch.',
  },
  VIVAVOCE_URL: {
    schema: serverUrl,
    defaultText: 'made of `VIVAVOCE_HOST` and `VIVAVOCE_PORT`',
    tells:
      'The address of the server that `vivavoce jobs` and `vivavoce conversations` talk to, where `--url` names none. `API_BEARER_TOKEN` is the key that they present.',
  },
  VIVAVOCE_JOB_ATTEMPTS: {
    schema: integer(1, 10),
    default: '3',
    tells:
      'How often a job is begun at most, where what it failed of is likely to pass, or where its server died. What cannot pass is not tried again.',
  },
  VIVAVOCE_JOB_HEARTBEAT_SECONDS: {
    schema: integer(5, 3600),
    default: '10',
    tells:
      'A server that runs a job and is silent for twice as many seconds is taken for dead; the job is taken up again after at most three times as many.',
  },
  VIVAVOCE_LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    help: 'Log from this level up: debug, info, warn, error or silent',
    tells: 'What is logged, on stderr, as JSON lines.',
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof SETTINGS

export const settingNames = Object.keys(SETTINGS) as SettingName[]

export const setting = (of: SettingName): Setting => SETTINGS[of]

export const isFlag = (of: SettingName): boolean => setting(of).schema === flag

export type SettingValue<Name extends SettingName> = (typeof SETTINGS)[Name] extends { readonly default: string }
  ? z.output<(typeof SETTINGS)[Name]['schema']>
  : z.output<(typeof SETTINGS)[Name]['schema']> | undefined
