/**
 * Keeps from the model what the CLI knows of the machine. 2.1.330 puts a note of its directory, platform, shell and kernel
 * behind the first question, as an attachment of the transcript, unless the transcript has one already that names the same
 * platform, shell and kernel. The seed is a transcript with such an attachment whose text is blank, which sends nothing. A
 * process resumes the seed and rewinds to its question, so the attachment alone is left, before everything it is told later.
 */
import { writeFile } from 'node:fs/promises'
import { release, type } from 'node:os'
import { join } from 'node:path'

/** The working directory of a chat agent's process: the same on every machine. The CLI writes nothing to it. */
export const NEUTRAL_DIRECTORY = '/'

/** The CLI names the shell in its note, so a chat agent's process has the same one everywhere; it starts none. */
export const NEUTRAL_SHELL = '/bin/bash'

/** The message of the seed that a process rewinds to. */
export const SEED_QUESTION = '7b9f3c52-6d0e-4a41-9f0c-2c8b1e5d7a10'
const NOTE = '1f0d8a34-52c6-4b7e-8a93-d4e6b0c95f21'

const snapshot = (): object => ({
  workingDirectory: NEUTRAL_DIRECTORY,
  isWorktree: false,
  isGitRepo: false,
  additionalWorkingDirectories: [],
  platform: process.platform,
  shell: 'bash',
  osVersion: `${type()} ${release()}`,
})

const rows = (): readonly object[] => [
  {
    type: 'attachment',
    parentUuid: null,
    uuid: NOTE,
    attachment: { type: 'environment', snapshot: snapshot() },
    // The text that is sent in the place of the snapshot: blank, so none. An empty one would be made anew.
    rendered: [{ content: ' ' }],
    renderedRole: 'system',
  },
  {
    type: 'user',
    parentUuid: NOTE,
    uuid: SEED_QUESTION,
    message: { role: 'user', content: [{ type: 'text', text: 'Hello.' }] },
  },
  // A transcript that ends with a question is taken for one that was broken off, and is carried on.
  {
    type: 'assistant',
    parentUuid: SEED_QUESTION,
    uuid: 'c2a67e19-0b3d-4f58-b6d1-7e94a0f3c865',
    message: {
      id: 'msg_seed',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text: 'Hello.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  },
]

/** Writes the seed into a directory, and resolves to its path. */
export async function writeSeed(directory: string): Promise<string> {
  const path = join(directory, 'seed.jsonl')
  const common = {
    isSidechain: false,
    timestamp: '2026-01-01T00:00:00.000Z',
    userType: 'external',
    cwd: NEUTRAL_DIRECTORY,
    sessionId: '5e7d2b90-84c1-4f36-a0b8-93d1c6e4f752',
    version: '2.1.330',
  }
  await writeFile(
    path,
    rows()
      .map((row) => `${JSON.stringify({ ...common, ...row })}\n`)
      .join(''),
  )
  return path
}
