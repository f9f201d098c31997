import { readFile } from 'node:fs/promises'

const MANIFEST = new URL('../package.json', import.meta.url)

/** The version of this package. */
export const packageVersion = async (): Promise<string> => {
  const manifest: unknown = JSON.parse(await readFile(MANIFEST, 'utf8'))
  return manifest !== null && typeof manifest === 'object' && 'version' in manifest ? String(manifest.version) : ''
}
