import type { Commit } from '../core/index.ts'

const FIELDS = 5
const MAX_SUBJECT_CHARS = 1000

/** Five fields a commit, each with a NUL behind it. */
export const COMMIT_FORMAT = '%H%x00%an%x00%ae%x00%ct%x00%s%x00'

/** The commits that `git log` prints in that format, newest first; a last one that is cut off is left out. */
export function parseCommits(fields: readonly string[]): readonly Commit[] {
  const commits: Commit[] = []
  for (let at = 0; at + FIELDS <= fields.length; at += FIELDS) {
    const [id = '', name = '', address = '', seconds = '', subject = ''] = fields.slice(at, at + FIELDS)
    commits.push({
      // git puts a line end between commits.
      id: id.trim(),
      subject: subject.slice(0, MAX_SUBJECT_CHARS).toWellFormed(),
      author: `${name} <${address}>`,
      atMs: Number(seconds) * 1000,
    })
  }
  return commits.toReversed()
}
