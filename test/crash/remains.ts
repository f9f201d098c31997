/** What gateways that have stopped left behind below a directory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Processes that were started with the directory as their temporary one. */
const processes = (directory: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`=${directory}`)
      } catch {
        return false
      }
    })
    .map((pid) => `process ${pid}`)

const workspaces = (directory: string): readonly string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith('data-'))
    .map((name) => join(directory, name, 'workspaces'))
    .filter(existsSync)
    .flatMap((path) => readdirSync(path).filter((name) => name.startsWith('run-')))

export const remainsOf = (directory: string): readonly string[] => [...processes(directory), ...workspaces(directory)]
