/** The pages that come with the product and are served below `/docs/`. */
import { readdir, readFile } from 'node:fs/promises'

const ROOT = new URL('../', import.meta.url)
const FOLDERS = ['docs/guides/', 'docs/reference/']

/** By what stands behind `/docs/` in their path: `README.md`, `reference/jobs.md`. */
export async function loadDocuments(): Promise<ReadonlyMap<string, string>> {
  const pages = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = (await readdir(new URL(folder, ROOT))).filter((name) => name.endsWith('.md')).toSorted()
      return names.map((name) => `${folder}${name}`)
    }),
  )
  const paths = ['README.md', ...pages.flat()]
  const texts = await Promise.all(paths.map((path) => readFile(new URL(path, ROOT), 'utf8')))
  return new Map(paths.map((path, index) => [path.replace('docs/', ''), texts[index] ?? '']))
}
