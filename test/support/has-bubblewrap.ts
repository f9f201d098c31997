import { spawnSync } from 'node:child_process'

const namespaces = ['--unshare-all', '--unshare-user', '--disable-userns']

/** Whether bubblewrap can be run on this machine, and is new enough; if not, what is shown inside of it is skipped. */
export const hasBubblewrap = spawnSync('bwrap', [...namespaces, '--ro-bind', '/', '/', 'true']).status === 0
