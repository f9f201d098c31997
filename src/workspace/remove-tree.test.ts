import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asNobody } from '../../test/support/as-nobody.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createRecordingObserver } from '../../test/support/recording-observer.ts'
import { openWorkspaces } from './index.ts'
import { removeTree } from './remove-tree.ts'

const DEEP = `n=${'d'.repeat(250)}; for i in $(seq 30); do mkdir $n && cd -P $n || exit 1; done`

/** A directory of somebody who is not root. */
async function openScratch(): Promise<Disposable & { readonly directory: string }> {
  const nobody = asNobody()
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-remove-'))
  return {
    directory,
    [Symbol.dispose]() {
      nobody[Symbol.dispose]()
      execFileSync('rm', ['-rf', directory])
    },
  }
}

test.each([
  ['a directory that nobody may enter', 'mkdir -p a/b && touch a/b/c && chmod 000 a/b a'],
  ['one that may not be listed', 'mkdir -p a/b && touch a/b/c && chmod 300 a/b a'],
  ['one whose name is no text', `d=$(printf '\\377'); mkdir -p a "$d/b" && touch "$d/b/c" && chmod 000 "$d/b" "$d"`],
  ['one that is deeper than a path can say', DEEP],
  ['one that is deeper than that and locked', `${DEEP}; mkdir -p x/y; touch x/y/z; chmod 000 x/y x`],
  ['one that is deeper than that, a locked one beside it', `mkdir -p a/b; touch a/b/c; chmod 000 a/b a; ${DEEP}`],
])('[DO4] %s is removed', async (_, script) => {
  using scratch = await openScratch()
  const path = join(scratch.directory, 'run')
  await mkdir(path)
  execFileSync('sh', ['-pc', script], { cwd: path })
  await removeTree(path)
  expect(existsSync(path)).toBe(false)
})

test('[DO4] what cannot be removed is observed, and does not keep the next start from sweeping the rest', async () => {
  using scratch = await openScratch()
  const root = join(scratch.directory, 'workspaces')
  const stays = join(root, 'run-4194303.7-a')
  const emptied = join(root, 'run-4194303.7-b')
  for (const path of [join(root, 'base'), stays, emptied]) await mkdir(path, { recursive: true })
  execFileSync('touch', [join(emptied, 'file')])
  // Nothing can be taken out of it.
  await chmod(root, 0o500)
  const observer = createRecordingObserver()
  const workspaces = await openWorkspaces({
    root,
    repository: undefined,
    branch: undefined,
    maxBytes: 1e9,
    pushBranches: [],
    env: {},
    clock: createManualClock(),
    observer,
  })
  await chmod(root, 0o700)
  expect(observer.of('cleanup-failed').map(({ what }) => what)).toEqual(['workspace', 'workspace'])
  expect([existsSync(stays), existsSync(join(emptied, 'file'))]).toEqual([true, false])
  await workspaces.close()
})
