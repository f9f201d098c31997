export { inWorkspace } from './in-workspace.ts'
export { openWorkspaces, type Workspaces } from './workspaces.ts'
