/**
 * Fails if a package of a lockfile has no hash: `npm ci` and `pip` would install whatever the registry sends. Lockfiles lose
 * hashes silently, because npm writes none for a package that it finds in `node_modules` already.
 */
import { readFileSync } from 'node:fs'

const NPM_LOCKS = ['package-lock.json', 'test/clients/node/package-lock.json', 'test/matrix/package-lock.json']
const PYTHON_REQUIREMENTS = 'test/clients/python/requirements.txt'

interface LockedPackage {
  readonly integrity?: string
  /** A folder of the project itself. */
  readonly link?: boolean
}

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

function unhashedInNpmLock(path: string): readonly string[] {
  const { packages } = JSON.parse(read(path)) as { readonly packages: Readonly<Record<string, LockedPackage>> }
  return Object.entries(packages)
    .filter(([name, { integrity, link }]) => name.includes('node_modules/') && link !== true && integrity === undefined)
    .map(([name]) => `${path}: ${name}`)
}

/** A requirement and its hashes are one line, continued with backslashes. */
function unhashedInRequirements(path: string): readonly string[] {
  return read(path)
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#') && !line.includes('--hash=sha256:'))
    .map((line) => `${path}: ${line}`)
}

const unhashed = [...NPM_LOCKS.flatMap(unhashedInNpmLock), ...unhashedInRequirements(PYTHON_REQUIREMENTS)]
if (unhashed.length > 0) {
  process.stderr.write(
    `${unhashed.length} locked packages have no hash. Delete node_modules and the lockfile, and install again.\n${unhashed.join('\n')}\n`,
  )
  process.exitCode = 1
}
