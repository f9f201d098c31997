import { homedir, userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Environment } from './environment.ts'

/** `HOME` when it is an absolute path, else the directory that the system knows for this user; `''` when it knows none. */
export function homeOf({ HOME: home }: Environment): string {
  if (home !== undefined && isAbsolute(home)) return home
  try {
    // An empty HOME is what `homedir` returns.
    return homedir() || userInfo().homedir
  } catch {
    return ''
  }
}

/** A path with its `~` replaced. */
export function expandHome(
  path: string,
  home: string,
): { readonly ok: true; readonly path: string } | { readonly ok: false; readonly problem: string } {
  if (!path.startsWith('~')) return { ok: true, path }
  if (path !== '~' && !path.startsWith('~/'))
    return { ok: false, problem: 'only `~` and `~/…` stand for a home directory. Write the whole path' }
  if (home === '') return { ok: false, problem: 'this user has no home directory for `~`. Write the whole path' }
  return { ok: true, path: join(home, path.slice(1)) }
}
