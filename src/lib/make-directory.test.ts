import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDirectory } from './make-directory.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vivavoce-directory-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

describe('makeDirectory', () => {
  test('creates what is missing, for this user alone, also when it is asked for many times at once', async () => {
    const path = join(home, 'a', 'б', 'c')
    await Promise.all(Array.from({ length: 8 }, () => makeDirectory(path)))
    for (const made of [join(home, 'a'), path]) {
      const { mode } = await stat(made)
      expect([made, mode & 0o777]).toEqual([made, 0o700])
    }
    await makeDirectory(path)
  })

  test('takes a link to a directory for one', async () => {
    await symlink(home, join(home, 'link'))
    await makeDirectory(join(home, 'link'))
    await makeDirectory(join(home, 'link', 'below'))
    expect((await stat(join(home, 'below'))).isDirectory()).toBe(true)
  })

  test.each([
    ['a file', 'file', 'EEXIST'],
    ['a path below a file', 'file/below/it', 'ENOTDIR'],
  ])('rejects for %s', async (_, name, code) => {
    await writeFile(join(home, 'file'), '')
    await expect(makeDirectory(join(home, name))).rejects.toMatchObject({ code })
  })

  test.runIf(process.platform === 'linux')('rejects below a directory that takes no entries', async () => {
    await expect(makeDirectory('/proc/nobody/.cache/vivavoce')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
