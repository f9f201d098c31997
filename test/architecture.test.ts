import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))
const src = join(root, 'src')

/** Who may import whom: `lib ← core ← … ← http ← main ← cli`. */
const LEAVES = [
  'wire',
  'claude',
  'agents',
  'workspace',
  'storage',
  'access',
  'config',
  'telemetry',
  'rehearsal',
  'images',
  'documents',
  'outbound',
  'callbacks',
  'sandbox',
]
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  'json-schema': ['lib'],
  core: ['lib'],
  ...Object.fromEntries(LEAVES.map((leaf) => [leaf, ['lib', 'core']])),
  wire: ['lib', 'core', 'json-schema'],
  claude: ['lib', 'core', 'json-schema'],
  images: ['lib', 'core', 'outbound', 'documents'],
  callbacks: ['lib', 'core', 'outbound'],
  conversations: ['lib', 'core'],
  jobs: ['lib', 'core'],
  reading: ['lib', 'core', 'json-schema', 'wire', 'images', 'documents'],
  http: ['lib', 'core', 'wire', 'access', 'conversations', 'jobs', 'reading'],
  main: ['lib', 'core', ...LEAVES, 'reading', 'conversations', 'jobs', 'http'],
  cli: ['lib', 'core', 'config', 'agents', 'claude', 'rehearsal', 'sandbox', 'storage', 'telemetry', 'main'],
}

/** Folders that do no input or output and read no clock. */
const PURE = [
  'wire',
  'claude/protocol',
  'claude/answer/answer.ts',
  'claude/warm/align.ts',
  'claude/warm/plan.ts',
  'claude/warm/wanted.ts',
  'config/pool-size.ts',
  'access/scheduler.ts',
  'access/expected-wait.ts',
]
const NO_IO = /from 'node:(?!crypto|util)|Date\.now|setTimeout|performance\.now|process\.(?!pid)/

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))

const folderOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : 'main')
const text = (path: string): string => readFileSync(join(src, path), 'utf8')

const imports = (path: string): readonly string[] =>
  [...text(path).matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, target = '']) =>
    relative(src, normalize(join(src, dirname(path), target)))
      .split(sep)
      .join('/'),
  )

test('folders import only what ARCHITECTURE.md lets them', () => {
  const stray = files.flatMap((path) =>
    imports(path)
      .filter((target) => !target.startsWith('..') && folderOf(target) !== folderOf(path))
      .filter((target) => !MAY_IMPORT[folderOf(path)]?.includes(folderOf(target)))
      .map((target) => `${path} → ${target}`),
  )
  expect(stray).toEqual([])
})

test('a folder is imported by its face', () => {
  const inside = files.flatMap((path) =>
    imports(path)
      .filter((target) => !target.startsWith('..') && target.includes('/') && folderOf(target) !== folderOf(path))
      .filter((target) => target !== `${folderOf(target)}/index.ts`)
      .map((target) => `${path} → ${target}`),
  )
  expect(inside).toEqual([])
})

test('what is pure does no input or output and reads no clock', () => {
  const impure = files.filter((path) => PURE.some((pure) => path.startsWith(pure)) && NO_IO.test(text(path)))
  expect(impure).toEqual([])
})

test('only config reads the environment, only main and the command end the program', () => {
  expect(files.filter((path) => text(path).includes('process.env'))).toEqual(['config/environment.ts'])
  expect(
    files
      // Called or given away; a process of the CLI has an `exit` of its own, which is waited for.
      .filter((path) => /process\.exit[(,)]|process\.exitCode/.test(text(path)))
      .filter((path) => !['cli', 'main'].includes(folderOf(path))),
  ).toEqual([])
})

test('[CL5] no code passes the option that skips permission checks', () => {
  expect(files.filter((path) => text(path).includes('dangerously'))).toEqual([])
})

const tests = (): readonly string[] =>
  [src, join(root, 'test')].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(
        (path) =>
          !/\.venv|node_modules/.test(path) &&
          (path.endsWith('.test.ts') || /test_[^/]*\.py$|_test\.go$|Test\.java$/.test(path)),
      )
      .map((path) => readFileSync(join(folder, path), 'utf8')),
  )

/** How many needs of OpenAI's clients are numbered, R1 and on. */
const NEEDS = 74

test('each need of OpenAI’s clients is cited by a test', () => {
  const cited = new Set(tests().flatMap((file) => [...file.matchAll(/\[R(\d+)\]/g)].map(([, need]) => Number(need))))
  const needs = Array.from({ length: NEEDS }, (_, index) => index + 1)
  expect(needs.filter((need) => !cited.has(need))).toEqual([])
})

test('each rule of SPEC.md is cited by a test, and no test cites a rule that is not there', () => {
  const rules = [...readFileSync(join(root, 'SPEC.md'), 'utf8').matchAll(/^- \*\*([A-Z]{2}\d+)\*\*/gm)].map(
    ([, rule = '']) => rule,
  )
  const cited = new Set(
    tests().flatMap((file) => [...file.matchAll(/\[([A-Z]{2}\d+)\]/g)].map(([, rule = '']) => rule)),
  )
  expect(rules.filter((rule) => !cited.has(rule))).toEqual([])
  expect([...cited].filter((rule) => !rules.includes(rule))).toEqual([])
  expect(new Set(rules).size).toBe(rules.length)
})
