/** Looks through the tree of a commit for what a checkout of it would lack. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../core/index.ts'
import { git, gitBytes, gitRecords, type GitOptions } from './git.ts'
import { QUIET } from './quiet-git.ts'

/** The specification of Git LFS has pointers smaller than this. */
const POINTER_BYTES = 1024
const POINTER = /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//
const ATTRIBUTES_BYTES = 16 * 1024 * 1024

export interface InspectedCommit {
  readonly commit: string
  /** What the files of a checkout take together. */
  readonly bytes: number
  /** Why it cannot be worked with: `workspace_unusable`. */
  readonly fault?: GatewayError
}

interface Blob {
  readonly id: string
  readonly path: Buffer
}

const HERE = '--git-dir=.'

type Options = Pick<GitOptions, 'cwd' | 'env' | 'signal'>

const lines = (blobs: readonly Blob[]): Buffer => Buffer.from(blobs.map(({ id }) => `${id}\n`).join(''))

/** The contents of blobs, in order, as far as they fit in the limit. */
async function contents(blobs: readonly Blob[], options: Options): Promise<readonly string[]> {
  const printed = await gitBytes([HERE, ...QUIET, 'cat-file', '--batch', '--buffer'], {
    ...options,
    input: lines(blobs),
    maxBytes: ATTRIBUTES_BYTES,
  })
  const found: string[] = []
  if (printed === undefined) return found
  for (let at = 0; at < printed.length;) {
    const head = printed.indexOf('\n', at)
    const size = Number(printed.toString('latin1', at, head).split(' ')[2])
    found.push(printed.toString('latin1', head + 1, head + 1 + size))
    at = head + 1 + size + 1
  }
  return found
}

/** Whether one of the blobs that may be a pointer is one, and its attributes say that it stands for something else. */
async function hasPointer(commit: string, small: readonly Blob[], options: Options): Promise<boolean> {
  const texts = await contents(small, options)
  const pointers = small.filter((_, index) => POINTER.test(texts[index] ?? ''))
  if (pointers.length === 0) return false
  const scratch = await mkdtemp(join(options.cwd, 'index-'))
  try {
    const env = { ...options.env, GIT_INDEX_FILE: join(scratch, 'index') }
    await git([HERE, ...QUIET, 'read-tree', commit], { ...options, env })
    const fields: string[] = []
    const input = Buffer.concat(pointers.map(({ path }) => Buffer.concat([path, Buffer.of(0)])))
    await gitRecords(
      [HERE, ...QUIET, 'check-attr', '--cached', '-z', '--stdin', 'filter'],
      { ...options, env, input },
      (field) => {
        fields.push(field.toString('latin1'))
        return true
      },
    )
    return fields.some((field, index) => index % 3 === 2 && field === 'lfs')
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** @param options `cwd` is the bare repository that holds the commit. */
export async function inspectCommit(commit: string, options: Options): Promise<InspectedCommit> {
  let bytes = 0
  let hasSubmodules = false
  const attributes: Blob[] = []
  const small: Blob[] = []
  await gitRecords([HERE, ...QUIET, 'ls-tree', '-r', '-l', '-z', commit], options, (record) => {
    const tab = record.indexOf('\t')
    const [mode, type, id = '', size] = record.toString('latin1', 0, tab).split(/ +/)
    const path = record.subarray(tab + 1)
    if (type === 'commit') hasSubmodules = true
    if (type !== 'blob') return true
    bytes += Number(size)
    // Kept beyond this piece of output, so copied out of it.
    if (/(^|\/)\.gitattributes$/.test(path.toString('latin1'))) attributes.push({ id, path: Buffer.from(path) })
    else if (mode !== '120000' && Number(size) < POINTER_BYTES) small.push({ id, path: Buffer.from(path) })
    return true
  })
  const fault = (message: string): InspectedCommit => ({
    commit,
    bytes,
    fault: new GatewayError('workspace_unusable', message),
  })
  if (hasSubmodules) return fault('The repository has submodules, which workspaces do not support.')
  const usesLfs = (await contents(attributes, options)).some((text) => /\bfilter=lfs\b/.test(text))
  if (usesLfs && (await hasPointer(commit, small, options))) {
    return fault('The repository keeps files in Git LFS, which workspaces do not support.')
  }
  return { commit, bytes }
}
