import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asNobody } from '../../test/support/as-nobody.ts'
import { writeProblem } from './write-problem.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-write-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('[CF12] a directory is created, and nothing is left in it', async () => {
  expect(await writeProblem(join(directory, 'a', 'ж'))).toBeUndefined()
  expect(await readdir(join(directory, 'a', 'ж'))).toEqual([])
})

test('[CF12] the reason is named: no permission, a file in the way, a full disk', async () => {
  await writeFile(join(directory, 'file'), '')
  expect(await writeProblem(join(directory, 'file'))).toBe('file already exists')
  expect(await writeProblem(join(directory, 'file', 'x'))).toBe('not a directory')
  using _nobody = asNobody()
  expect(await writeProblem(join(directory, 'new'))).toBe('permission denied')
  expect(await writeProblem(directory)).toBe('permission denied')
})
