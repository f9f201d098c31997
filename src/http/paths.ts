/** The paths that are served: the one list of them. */
interface Path {
  readonly pattern: RegExp
  readonly methods: string
  /** Failures are `{error, detail}`; elsewhere they are in OpenAI's envelope. */
  readonly plain: boolean
  /** As it stands in the log: what callers put into it is left out. */
  readonly logged: string
}

export const PATHS: readonly Path[] = [
  { pattern: /^\/$/, methods: 'GET', plain: false, logged: '/' },
  { pattern: /^\/docs\/.+$/, methods: 'GET', plain: false, logged: '/docs/{page}' },
  { pattern: /^\/health$/, methods: 'GET', plain: false, logged: '/health' },
  { pattern: /^\/v1\/chat\/completions$/, methods: 'POST', plain: false, logged: '/v1/chat/completions' },
  { pattern: /^\/v1\/models$/, methods: 'GET', plain: false, logged: '/v1/models' },
  { pattern: /^\/v1\/models\/.+$/s, methods: 'GET', plain: false, logged: '/v1/models/{id}' },
  { pattern: /^\/v1\/conversational$/, methods: 'GET, POST', plain: true, logged: '/v1/conversational' },
  {
    pattern: /^\/v1\/conversational\/.+$/s,
    methods: 'GET, DELETE',
    plain: true,
    logged: '/v1/conversational/{session_id}',
  },
  { pattern: /^\/execute$/, methods: 'POST', plain: true, logged: '/execute' },
  { pattern: /^\/jobs$/, methods: 'GET', plain: true, logged: '/jobs' },
  { pattern: /^\/jobs\/[^/]+$/, methods: 'GET, DELETE', plain: true, logged: '/jobs/{id}' },
  { pattern: /^\/jobs\/[^/]+\/patch$/, methods: 'GET', plain: true, logged: '/jobs/{id}/patch' },
  { pattern: /^\/jobs\/[^/]+\/events$/, methods: 'GET', plain: true, logged: '/jobs/{id}/events' },
]

const find = (path: string): Path | undefined => PATHS.find(({ pattern }) => pattern.test(path))

/** The methods that a path takes, or `undefined` when there is no such path. */
export const methodsOf = (path: string): string | undefined => find(path)?.methods

/** Whether failures on the path are `{error, detail}`; a path that is not served goes with those it resembles. */
export const isPlain = (path: string): boolean =>
  find(path)?.plain ?? /^\/(v1\/conversational|execute|jobs)(\/|$)/.test(path)

export const loggedPath = (path: string): string => find(path)?.logged ?? '(unknown)'
