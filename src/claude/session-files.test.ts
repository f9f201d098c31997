import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSessionFiles } from './session-files.ts'

test('[CV6] what the CLI keeps of a session is removed, wherever it is, and nothing else', async () => {
  const configDirectory = await mkdtemp(join(tmpdir(), 'vivavoce-sessions-'))
  try {
    const sessions = createSessionFiles({ configDirectory })
    await sessions.forget('u')
    const project = join(configDirectory, 'projects', '-some-where')
    await mkdir(join(project, 'u', 'deep'), { recursive: true })
    await writeFile(join(configDirectory, 'projects', '.DS_Store'), '')
    for (const name of ['u.jsonl', 'other.jsonl']) await writeFile(join(project, name), '')
    await sessions.forget('u')
    expect(['u', 'u.jsonl', 'other.jsonl'].map((name) => existsSync(join(project, name)))).toEqual([false, false, true])
  } finally {
    await rm(configDirectory, { recursive: true, force: true })
  }
})
