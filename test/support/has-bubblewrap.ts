import { spawnSync } from 'node:child_process'

/** Whether bubblewrap can be run on this machine; where it cannot, what is shown inside of it is skipped. */
export const hasBubblewrap = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']).status === 0
