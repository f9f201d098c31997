import type { Agent } from '../core/index.ts'

/** The repository and branch of a workspace; without a branch, the repository's default one. */
export interface WorkspaceSource {
  readonly repository: string | undefined
  readonly branch: string | undefined
}

/**
 * Where an agent works: what its file names goes before the settings. A branch of the settings is one of the repository of
 * the settings.
 */
export const sourceOf = (
  { repository, branch }: Pick<Agent, 'repository' | 'branch'>,
  settings: WorkspaceSource,
): WorkspaceSource =>
  repository === undefined
    ? { repository: settings.repository, branch: branch ?? settings.branch }
    : { repository, branch }
