export { gapsOf, type Gap } from './gaps.ts'
export { openSandbox, type FoundSandbox } from './open-sandbox.ts'
export { refuseUnsandboxed } from './refuse-unsandboxed.ts'
export { openRunCgroups } from './run-cgroups.ts'
