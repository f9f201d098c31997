/** Removes what a build makes, so that nothing of an older one is left in it. */
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
