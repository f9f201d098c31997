import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git } from './git.ts'

test.each([[0], [1], [5], [11], [30]])(
  '[LG1] of the words of git no part of a password stays, also where they are cut (%i)',
  async (cut) => {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-git-'))
    try {
      const words = `https://me:s3cret@host/x ${'w'.repeat(1999 - 'https://me:s3cret@host/x'.length + cut)} end`
      await writeFile(join(directory, 'git'), `#!/bin/sh\necho '${words}' >&2\nexit 1\n`)
      await chmod(join(directory, 'git'), 0o755)
      const failed = git(['x'], {
        cwd: directory,
        env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` },
        signal: new AbortController().signal,
      })
      await expect(failed).rejects.toMatchObject({
        details: { words: expect.not.stringMatching(/s3|3c|cr|re|et@/) },
      })
      await expect(failed).rejects.toMatchObject({ details: { words: expect.stringMatching(/ end\n$/) } })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)
