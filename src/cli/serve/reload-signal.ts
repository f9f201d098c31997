import { isatty } from 'node:tty'

/** Whether a terminal started this program, in which case SIGHUP says that the terminal is gone. */
const isOnTerminal = (): boolean => [0, 1, 2].some((descriptor) => isatty(descriptor))

/**
 * Calls `reload`, which does not throw, at SIGHUP; a signal that comes meanwhile calls it once more. On a terminal the
 * signal ends the program, as it does by default. Disposing of the result stops listening and waits.
 */
export function onReloadSignal(reload: () => Promise<void>): AsyncDisposable {
  let wanted = 0
  let reloading: Promise<void> | undefined
  const run = async (): Promise<void> => {
    for (let done = 0; done < wanted;) {
      done = wanted
      await reload()
    }
    wanted = 0
    reloading = undefined
  }
  const listener = (): void => {
    wanted++
    reloading ??= run()
  }
  if (!isOnTerminal()) process.on('SIGHUP', listener)
  return {
    async [Symbol.asyncDispose]() {
      process.off('SIGHUP', listener)
      await reloading
    },
  }
}
