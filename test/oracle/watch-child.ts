import { readFileSync } from 'node:fs'

const install = new URL('./install.ts', import.meta.url).href

/** A server in a process of its own whose replies are judged there. */
export interface WatchedChild {
  /** To be added to what the process is started with; what it starts itself does not get it. */
  readonly env: Readonly<Record<'NODE_OPTIONS' | 'ORACLE_FILE', string>>
  /** What was wrong with the replies that are over. @throws when no process was started so. */
  violations(): readonly string[]
}

/** `file` is created by the process; several may share it. */
export const watchChild = (file: string): WatchedChild => ({
  env: { NODE_OPTIONS: `--import=${install}`, ORACLE_FILE: file },
  violations: () => readFileSync(file, 'utf8').split('\n').filter(Boolean),
})
