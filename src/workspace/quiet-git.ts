/**
 * How git is run on what a run has written, and on our own copies: with no configuration but that of the repository it is
 * pointed at, which is ours. Nothing that it runs, follows or fetches can then be told to it by files of the run.
 */

/** @param env the environment that git gets where it speaks for the operator. */
export const quietEnvironment = (env: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...(env['PATH'] === undefined ? {} : { PATH: env['PATH'] }),
  // No ignore and attribute files of the user either.
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'file',
})

/** Goes before the command. */
export const QUIET: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'protocol.ext.allow=never',
  'gc.auto=0',
  // What it writes is gone with the run.
  'core.fsync=none',
].flatMap((setting) => ['-c', setting])
