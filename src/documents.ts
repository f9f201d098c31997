/** The pages that come with the product and are served below `/docs/`. */
import { readdir, readFile } from 'node:fs/promises'

const ROOT = new URL('../', import.meta.url)
const REFERENCE = 'docs/reference/'

/** By what stands behind `/docs/` in their path: `README.md`, `reference/jobs.md`. */
export async function loadDocuments(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(new URL(REFERENCE, ROOT))).filter((name) => name.endsWith('.md')).toSorted()
  const paths = ['README.md', ...names.map((name) => `${REFERENCE}${name}`)]
  const texts = await Promise.all(paths.map((path) => readFile(new URL(path, ROOT), 'utf8')))
  return new Map(paths.map((path, index) => [path.replace('docs/', ''), texts[index] ?? '']))
}
