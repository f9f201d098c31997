/** The programs that a run's directory holds: they start another one in the sandbox, where they stand themselves. */
import { FILTER_DESCRIPTOR } from './bubblewrap-arguments.ts'

/** The unit of `ulimit -f` in a POSIX shell. */
const BLOCK_BYTES = 512

/** Above 0 a process waits for others when the processors are busy: commands must not hold up speech. */
const NICENESS = 10

export interface ScriptOptions {
  readonly bubblewrap: string
  readonly args: readonly string[]
  /** The file with the seccomp filter. */
  readonly filter: string
  /** Files that a process writes its number into to be limited. */
  readonly joinFiles: readonly string[]
  readonly maxFileBytes: number
  /** Commands of bash that come first within the sandbox. */
  readonly limits: string
  /** The command for bash, and its own arguments, in the language of the shell. */
  readonly command: string
  readonly words: string
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`

/**
 * The first process inside is bubblewrap's own and shows the environment that it was started with: it gets none but the mark.
 * A process that cannot be limited does not start.
 */
export const sandboxScript = (options: ScriptOptions): string => {
  const { bubblewrap, args, filter, joinFiles, maxFileBytes, limits, command, words } = options
  return [
    '#!/bin/sh',
    // It cannot be set where a smaller one is in force already.
    `ulimit -f ${Math.ceil(maxFileBytes / BLOCK_BYTES)} 2>/dev/null || :`,
    // When the machine runs out of memory the kernel ends these before it ends the gateway. The trial looks whether it is set.
    'echo 1000 2>/dev/null > /proc/self/oom_score_adj',
    ...joinFiles.map((file) => `echo $$ > ${quoted(file)} || exit 126`),
    `exec nice -n ${NICENESS} /usr/bin/env -i VIVAVOCE_RUN="$VIVAVOCE_RUN" ${[bubblewrap, ...args].map(quoted).join(' ')} "$PWD" ` +
      `/bin/bash -c ${quoted(limits + command)} ${words} ${FILTER_DESCRIPTOR}<${quoted(filter)}`,
    '',
  ].join('\n')
}
