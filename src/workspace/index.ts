export { inWorkspace } from './in-workspace.ts'
export { watchSize } from './size-watch.ts'
export { type WorkspaceSource } from './source.ts'
export { openWorkspaces, type Workspace, type Workspaces } from './workspaces.ts'
