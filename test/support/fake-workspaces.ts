import { GatewayError, type Changes, type PushedBranch } from '../../src/core/index.ts'
import type { JobSource, JobWorkspace, JobWorkspaces } from '../../src/jobs/index.ts'
import { orAborted } from '../../src/lib/index.ts'

interface FakeWorkspace {
  readonly source: JobSource
  readonly directory: string
  isOpen: boolean
  readonly overgrown: AbortController
  readonly pushes: { readonly branch: string; readonly message: string }[]
}

export interface FakeWorkspacesOptions {
  /** Waited for before a workspace is there. */
  readonly opening?: (index: number) => Promise<unknown>
  /** Waited for before one is gone. */
  readonly removing?: () => Promise<unknown>
  readonly changes?: () => Promise<Changes>
  readonly push?: (branch: string) => Promise<PushedBranch | undefined>
}

/** Workspaces that are only names. */
export interface FakeWorkspaces extends JobWorkspaces {
  readonly opened: readonly FakeWorkspace[]
  /** Lets one grow beyond what it may. */
  overgrow(index: number): void
}

export function createFakeWorkspaces({
  opening = async () => undefined,
  removing = async () => undefined,
  changes = async () => ({ patch: new Uint8Array(0), commits: [] }),
  push = async (branch) => ({ branch, commit: 'c0ffee' }),
}: FakeWorkspacesOptions = {}): FakeWorkspaces {
  const opened: FakeWorkspace[] = []
  return {
    opened,
    overgrow(index) {
      opened[index]?.overgrown.abort(new GatewayError('workspace_failed', 'The workspace of the run is too large.'))
    },
    sourceOf: ({ name }) => ({ repository: `of ${name}`, branch: undefined }),
    async open({ signal, source }): Promise<JobWorkspace> {
      signal.throwIfAborted()
      await orAborted(opening(opened.length), signal)
      const overgrown = new AbortController()
      const one: FakeWorkspace = {
        source,
        directory: `/workspaces/${opened.length}`,
        isOpen: true,
        overgrown,
        pushes: [],
      }
      opened.push(one)
      return {
        directory: one.directory,
        overgrown: overgrown.signal,
        changes: async ({ signal }) => await orAborted(changes(), signal),
        async push({ branch, message, signal }) {
          one.pushes.push({ branch, message })
          return await orAborted(push(branch), signal)
        },
        async [Symbol.asyncDispose]() {
          await removing()
          one.isOpen = false
        },
      }
    },
  }
}
