import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfigFile } from './config-file.ts'

let path = ''
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'vivavoce-config-')), 'vivavoce.env')
})
afterEach(() => rm(join(path, '..'), { recursive: true }))

async function read(text: string | Uint8Array) {
  await writeFile(path, text)
  const problems: string[] = []
  const { entries } = readConfigFile(path, problems)
  return {
    values: Object.fromEntries([...entries].map(([name, { value }]) => [name, value])),
    lines: Object.fromEntries([...entries].map(([name, { line }]) => [name, line])),
    problems: problems.map((problem) => problem.replace(`${path}:`, '')),
  }
}

test.each([
  ['VIVAVOCE_PORT: 9000', 'this is not of the form `NAME=value`. Write `VIVAVOCE_PORT=…`'],
  ['  "VIVAVOCE_PORT": 9000,', 'this is not of the form `NAME=value`. Write `VIVAVOCE_PORT=…`'],
  ['VIVAVOCE_PORT 9000', 'this is not of the form `NAME=value`. Write `VIVAVOCE_PORT=…`'],
  ['- VIVAVOCE_PORT: 9000', 'this is not of the form `NAME=value`. Write `VIVAVOCE_PORT=…`'],
  ['{', 'this is not of the form `NAME=value`. Correct the line, or begin it with # to make it a comment'],
  ['[server]', 'this is not of the form `NAME=value`. Correct the line, or begin it with # to make it a comment'],
  ['=9000', 'this is not of the form `NAME=value`. Correct the line, or begin it with # to make it a comment'],
  ['VIVAVOCE_PORT="9000', 'VIVAVOCE_PORT: the " is not closed'],
  ['VIVAVOCE_PORT="90"00', 'VIVAVOCE_PORT: text follows the closing ". Quote the whole value'],
  [
    'API_BEARER_TOKEN=abc#def',
    'API_BEARER_TOKEN: an unquoted # begins a comment. Quote the value, or put a space before the comment',
  ],
  ['VIVAVOCE_PROT=9000', 'VIVAVOCE_PROT is not a setting. Did you mean `VIVAVOCE_PORT`?'],
  ['VIVAVOCE_CONFIG=other.env', 'VIVAVOCE_CONFIG cannot stand in the file that it names'],
  ['HOME=/root', 'HOME is not a setting.'],
])('[CF7] %j is refused with its line', async (line, problem) => {
  const { values, problems } = await read(`# first\n\nMAX_CONCURRENCY=3\n${line}\nMAX_QUEUE_DEPTH=4\n`)
  expect(problems).toEqual([`4: ${problem}`])
  expect(values).toEqual({ MAX_CONCURRENCY: '3', MAX_QUEUE_DEPTH: '4' })
})

test('[CF7] a setting that is set twice is refused, and every problem is reported at once', async () => {
  const { problems } = await read('VIVAVOCE_PORT=1\nVIVAVOCE_HOST: x\nVIVAVOCE_PORT=2\n')
  expect(problems).toEqual([
    '2: this is not of the form `NAME=value`. Write `VIVAVOCE_HOST=…`',
    '3: VIVAVOCE_PORT is set on line 1 already. Remove one of the two',
  ])
})

test('[CF7] no problem repeats a value, which may be a secret', async () => {
  const { problems } = await read(
    'API_BEARER_TOKEN: SECRET\nDATABASE_URL "SECRET"\nCLAUDE_CODE_OAUTH_TOKEN="SECRET\nSECRET\nANTHROPIC_API_KEY=a#SECRET\n',
  )
  expect(problems.length).toBeGreaterThan(3)
  expect(problems.join('\n')).not.toContain('SECRET')
})

test('[CF8] a byte order mark, any line ending, quotes, comments and values of several lines are read', async () => {
  const { values, lines, problems } = await read(
    '\uFEFFVIVAVOCE_PORT=9000\r\n# c\r\n  export MAX_CONCURRENCY = "2" # two\r\nANTHROPIC_CUSTOM_HEADERS="a: 1\r\nb: 2"\r\nVIVAVOCE_AGENT=\'ж 🙂#\'\rMAX_QUEUE_DEPTH=\n',
  )
  expect(problems).toEqual([])
  expect(values).toEqual({
    VIVAVOCE_PORT: '9000',
    MAX_CONCURRENCY: '2',
    ANTHROPIC_CUSTOM_HEADERS: 'a: 1\nb: 2',
    VIVAVOCE_AGENT: 'ж 🙂#',
    MAX_QUEUE_DEPTH: '',
  })
  expect(lines).toEqual({
    VIVAVOCE_PORT: 1,
    MAX_CONCURRENCY: 3,
    ANTHROPIC_CUSTOM_HEADERS: 4,
    VIVAVOCE_AGENT: 6,
    MAX_QUEUE_DEPTH: 7,
  })
})

test('[CF8] an empty file sets nothing; one that is not UTF-8 is refused by name', async () => {
  expect(await read('')).toEqual({ values: {}, lines: {}, problems: [] })
  expect(await read('\uFEFF\r\n')).toEqual({ values: {}, lines: {}, problems: [] })
  for (const bytes of [
    Buffer.from('\uFEFFVIVAVOCE_PORT=1', 'utf16le'),
    Buffer.from('VIVAVOCE_AGENT=caf\xe9', 'latin1'),
  ])
    expect((await read(bytes)).problems).toEqual([
      `VIVAVOCE_CONFIG: the file ${path} cannot be read: it is not UTF-8 text. Save it as UTF-8`,
    ])
})

test.each([
  'CLAUDE_CODE_OAUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'CLAUDE_CONFIG_DIR',
  'HTTPS_PROXY',
  'AWS_REGION',
  'CLAUDE_CODE_USE_VERTEX',
])('[CF9] the file may set %s for the CLI', async (name) => {
  expect(await read(`${name}=x\n`)).toEqual({ values: { [name]: 'x' }, lines: { [name]: 1 }, problems: [] })
})

test('[CF8] what is taken is what `node --env-file` takes', async () => {
  // Node takes the next line for the value of a blank one.
  const value = fc.stringMatching(/^[\w ."'`=:/ж🙂#-]{0,12}$/u).filter((text) => text === '' || text.trim() !== '')
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 4 }), async (written) => {
      const names = ['VIVAVOCE_HOST', 'VIVAVOCE_AGENT', 'DATABASE_URL', 'VIVAVOCE_URL']
      const text = written.map((part, at) => `${names[at]}=${part}`).join('\n')
      const { values, problems } = await read(text)
      if (problems.length === 0) expect(values).toEqual({ ...parseEnv(text) })
    }),
    { seed: 11, numRuns: 300 },
  )
})
