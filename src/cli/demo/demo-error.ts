import { CommandError } from '../command-error.ts'

/** The demo showed something else than it should. */
export class DemoError extends CommandError {
  override readonly name = 'DemoError'
}
