export { inWorkspace } from './in-workspace.ts'
export { type WorkspaceSource } from './source.ts'
export { openWorkspaces, type Workspace, type Workspaces } from './workspaces.ts'
