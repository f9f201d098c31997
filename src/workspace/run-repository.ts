/**
 * A repository of ours beside the workspace of a run, from which is told what the run has changed. It borrows the objects of
 * the base clone, where they only come and never go. git runs in it with the workspace as a tree of mere files, so nothing that a run writes into its own
 * repository (configuration, hooks, filters, links) is ever read as such.
 */
import { existsSync } from 'node:fs'
import { appendFile, copyFile, lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, MAX_COMMITS, MAX_PATCH_BYTES, type Changes, type Clock, type Commit } from '../core/index.ts'
import { copyObjects, readHead } from './agent-history.ts'
import { disarm } from './disarm.ts'
import { git, gitBytes, gitRecords, type GitOptions } from './git.ts'
import { listChanged, type ChangedPaths } from './list-changed.ts'
import { parseCommits, COMMIT_FORMAT } from './parse-commits.ts'
import { QUIET } from './quiet-git.ts'

/** A file that is larger makes the patch too large without being looked at: git would hold all of it in memory. */
const MAX_FILE_BYTES = 10 * MAX_PATCH_BYTES
const LOG_BYTES = 16 * 1024 * 1024
/** Of looking for what has changed, in which git heeds patterns that the run wrote. */
const LISTING_MS = 15_000
const NAMES_BYTES = 32 * 1024 * 1024
/** Of git's own making: that of a repository without a file. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

/** Where the checkout began; absent where there is no repository behind it. */
export interface Origin {
  readonly commit: string
  /** Of the base clone. */
  readonly basePath: string
}

export interface RunRepositoryOptions {
  /** Where it is made, when it is needed first. */
  readonly path: string
  /** The workspace. */
  readonly directory: string
  /** A copy of the index of the checkout, made before the run; it is used up. */
  readonly index: string
  readonly origin: Origin | undefined
  readonly env: Readonly<Record<string, string>>
  readonly clock: Clock
}

/** The files of the run as they are, written into the repository. */
export interface Snapshot {
  /** The tree of the files; absent where they are too many, or one is too large. */
  readonly tree: string | undefined
  /** The run's own newest commit; absent where it made none. */
  readonly head: string | undefined
}

type With = Pick<GitOptions, 'signal'>

interface SnapshotOptions extends With {
  readonly maxFileBytes?: number
}

export interface RunRepository {
  readonly path: string
  snapshot(options: SnapshotOptions): Promise<Snapshot>
  changes(options: With): Promise<Changes>
}

const FAILURE = 'What the run changed could not be told.'
const TOO_SLOW = 'What the run changed could not be told in time.'
const WITHOUT_ATTRIBUTES = '* -text -eol -ident !working-tree-encoding\n'

const joined = (paths: readonly Buffer[]): Buffer => Buffer.concat(paths.flatMap((path) => [path, Buffer.of(0)]))

export function createRunRepository({
  path,
  directory,
  index,
  origin,
  env,
  clock,
}: RunRepositoryOptions): RunRepository {
  const run = (args: readonly string[], options: With & { readonly input?: Uint8Array }): Promise<string> =>
    git([...QUIET, `--git-dir=${path}`, ...args], { cwd: path, env, failure: FAILURE, ...options })

  async function make(at: string, borrowed: string | undefined, options: With): Promise<void> {
    await rm(at, { recursive: true, force: true })
    await mkdir(at)
    await git([...QUIET, 'init', '--quiet', '--bare', '--template='], { cwd: at, env, ...options })
    await mkdir(join(at, 'info'), { recursive: true })
    if (borrowed === undefined) return
    await writeFile(join(at, 'objects', 'info', 'alternates'), `${borrowed}\n`)
    // Where the history of a shallow clone ends; git would look for the parents.
    const shallow = join(borrowed, '..', 'shallow')
    if (existsSync(shallow)) await copyFile(shallow, join(at, 'shallow'))
  }

  async function prepare(options: With): Promise<void> {
    if (!existsSync(join(path, 'made'))) {
      await make(path, origin && join(origin.basePath, 'objects'), options)
      if (existsSync(index)) await rename(index, join(path, 'index'))
      await writeFile(join(path, 'made'), '')
    }
    // Of a git that was killed.
    await rm(join(path, 'index.lock'), { force: true })
    const isThere = await lstat(directory).catch(() => undefined)
    if (isThere?.isDirectory() !== true) throw new GatewayError('workspace_unusable', 'The run removed its workspace.')
  }

  /** Fetches the run's own commits, if there are any that hold together. */
  async function takeCommits({ signal }: With): Promise<string | undefined> {
    const theirs = join(directory, '.git')
    const head = await readHead(theirs)
    if (head === undefined || head === origin?.commit) return undefined
    const taken = `${path}-taken`
    try {
      await make(taken, join(path, 'objects'), { signal })
      const known = origin && join(origin.basePath, 'objects')
      await copyObjects({ from: join(theirs, 'objects'), to: join(taken, 'objects'), known, signal })
      await mkdir(join(taken, 'refs', 'heads'), { recursive: true })
      await writeFile(join(taken, 'refs', 'heads', 'run'), `${head}\n`)
      // What is fetched is checked: names of objects against their content, trees, and that nothing is missing.
      const checked = ['-c', 'fetch.fsckObjects=true', '-c', 'fetch.unpackLimit=1']
      const fetch = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', taken, '+refs/heads/run:refs/heads/run']
      await run([...checked, ...fetch], { signal })
      return head
    } catch (error) {
      signal.throwIfAborted()
      // A repository that the run has damaged: its files are told nevertheless.
      if (error instanceof GatewayError && error.code === 'workspace_failed') return undefined
      throw error
    } finally {
      await rm(taken, { recursive: true, force: true })
    }
  }

  /** What the run has committed is told also where an ignore file names it. */
  async function pathsOf(head: string | undefined, { signal }: With): Promise<readonly Buffer[] | undefined> {
    if (head === undefined) return []
    const between = [origin?.commit ?? EMPTY_TREE, head]
    const printed = await gitBytes(
      [...QUIET, `--git-dir=${path}`, 'diff-tree', '-r', '-z', '--name-only', '--no-renames', ...between],
      { cwd: path, env, signal, failure: FAILURE, maxBytes: NAMES_BYTES },
    )
    if (printed === undefined) return undefined
    const paths: Buffer[] = []
    for (let at = 0; at < printed.length;) {
      const end = printed.indexOf(0, at)
      paths.push(printed.subarray(at, end))
      at = end + 1
    }
    return paths
  }

  async function addFiles(present: readonly Buffer[], other: readonly Buffer[], { signal }: With): Promise<void> {
    const update = (flags: readonly string[], paths: readonly Buffer[]): Promise<string> =>
      git([...QUIET, `--git-dir=${path}`, '--work-tree=.', 'update-index', '-z', ...flags, '--stdin'], {
        cwd: directory,
        env,
        signal,
        failure: FAILURE,
        input: joined(paths),
      })
    if (other.length > 0) await update(['--force-remove'], other)
    if (present.length > 0) await update(['--add', '--remove', '--replace'], present)
  }

  async function list(committed: readonly Buffer[], { signal }: With): Promise<ChangedPaths | undefined> {
    await disarm(directory, { out: `${path}-out-`, signal })
    const late = new AbortController()
    using _limit = clock.after(LISTING_MS, () => late.abort(new GatewayError('workspace_failed', TOO_SLOW)))
    const within = { env, signal: AbortSignal.any([signal, late.signal]) }
    return await listChanged({ gitDirectory: path, directory }, committed, within)
  }

  async function snapshot({ maxFileBytes = Infinity, ...options }: SnapshotOptions): Promise<Snapshot> {
    await prepare(options)
    const head = await takeCommits(options)
    const committed = await pathsOf(head, options)
    const changed = committed && (await list(committed, options))
    if (changed === undefined || changed.largestBytes > maxFileBytes) return { tree: undefined, head }
    const { present, other } = changed
    const attributes = join(path, 'info', 'attributes')
    try {
      await addFiles(present, other, options)
    } catch (error) {
      options.signal.throwIfAborted()
      if (existsSync(attributes)) throw error
      // Attributes that the run wrote may ask for what cannot be done; then files are taken as they are.
      await rm(join(path, 'index.lock'), { force: true })
      await appendFile(attributes, WITHOUT_ATTRIBUTES)
      await addFiles(present, other, options)
    }
    return { tree: await run(['write-tree'], options), head }
  }

  async function commits(head: string | undefined, { signal }: With): Promise<readonly Commit[]> {
    if (head === undefined) return []
    const fields: string[] = []
    let bytes = 0
    const since = origin === undefined ? [] : [`^${origin.commit}`]
    const args = ['log', '--topo-order', `-n${MAX_COMMITS}`, '--no-color', `--format=${COMMIT_FORMAT}`, head, ...since]
    await gitRecords(
      [...QUIET, `--git-dir=${path}`, ...args],
      { cwd: path, env, signal, failure: FAILURE },
      (field) => {
        bytes += field.length
        fields.push(field.toString('utf8'))
        return bytes <= LOG_BYTES
      },
    )
    return parseCommits(fields)
  }

  async function patchOf({ tree }: Snapshot, { signal }: With): Promise<Uint8Array | undefined> {
    if (tree === undefined) return undefined
    const plain = ['--no-ext-diff', '--no-textconv', '--no-color']
    // Files that were moved as they are are told as such; to compare all with all would take too long.
    const form = ['-p', '--binary', '--full-index', '-M100%', ...plain]
    return await gitBytes(
      [...QUIET, `--git-dir=${path}`, 'diff-tree', '-r', ...form, origin?.commit ?? EMPTY_TREE, tree],
      { cwd: path, env, signal, failure: FAILURE, maxBytes: MAX_PATCH_BYTES },
    )
  }

  return {
    path,
    snapshot,
    async changes(options) {
      const of = await snapshot({ ...options, maxFileBytes: MAX_FILE_BYTES })
      const patch = await patchOf(of, options)
      return { ...(patch === undefined ? {} : { patch }), commits: await commits(of.head, options) }
    },
  }
}
