import { describe, expect, test } from 'vitest'
import { settingNames } from '../../config/index.ts'
import { COMMANDS } from '../commands.ts'
import { settingsOf } from '../setting-options.ts'
import { helpOf, resolveStep, type Command, type CommandGroup } from './index.ts'

const all = (entry: Command | CommandGroup): readonly (Command | CommandGroup)[] => [
  entry,
  ...('commands' in entry ? entry.commands.flatMap(all) : []),
]
const leaves = all(COMMANDS).filter((entry): entry is Command => 'options' in entry)
const step = (...args: readonly string[]) => resolveStep(COMMANDS, args)
function problemOf(...args: readonly string[]): string {
  const resolved = step(...args)
  return resolved.kind === 'refuse' ? resolved.error.message : resolved.kind
}
function givenBy(...args: readonly string[]) {
  const resolved = step(...args)
  if (resolved.kind !== 'run') throw new Error(resolved.kind === 'refuse' ? resolved.error.message : 'help')
  return resolved
}

describe('help', () => {
  test.each(leaves.map(({ name }) => name))('[CM17] `%s --help` prints help and runs nothing', (name) => {
    const words = name.split(' ')
    for (const args of [
      [...words, '--help'],
      [...words, '-h'],
      ['help', ...words],
      [...words, '--nonsense', '--help', 'x'],
    ]) {
      const resolved = step(...args)
      expect(resolved.kind).toBe('help')
      expect(resolved).toMatchObject({ text: expect.stringContaining(`usage: vivavoce ${name}`) })
    }
  })

  test.each([[['--help']], [['-h']], [['help']], [['jobs', '--help']], [['help', 'jobs']], [['jobs', 'help']]])(
    '[CM17] %j lists the commands of the group',
    (args) => {
      expect(step(...args)).toMatchObject({ kind: 'help', text: expect.stringMatching(/^ {2}list|^ {2}serve/m) })
    },
  )

  test('[CM18] every page has lines of at most 80 columns and ends with examples that are valid', () => {
    for (const entry of all(COMMANDS)) {
      const text = helpOf(entry)
      for (const line of text.split('\n')) expect([line, line.length <= 80]).toEqual([line, true])
      if (!('options' in entry)) continue
      expect(entry.examples.length).toBeGreaterThan(0)
      expect(
        text
          .trimEnd()
          .split('\n')
          .slice(-entry.examples.length)
          .map((line) => line.trim()),
      ).toEqual(entry.examples)
      for (const example of entry.examples) {
        const [, ...args] = example
          .replace(/ < .*/, '')
          .replaceAll(/"[^"]*"/g, 'text')
          .split(' ')
        expect([example, problemOf(...args)]).toEqual([example, 'run'])
      }
    }
  })

  test('[CM18] an option is an imperative that starts with a capital, its default in parentheses', () => {
    for (const { options } of leaves)
      for (const { help } of Object.values(options)) if (help !== undefined) expect(help).toMatch(/^[A-Z].*[^.]$/)
    expect(helpOf(leaves.find(({ name }) => name === 'serve') ?? COMMANDS)).toContain(
      '  --port PORT            Listen on this port; 0 takes any free one (8765)\n',
    )
  })
})

describe('mistakes', () => {
  test.each([
    [['serv'], 'unknown command `serv`. Did you mean `serve`?'],
    [['docter'], 'unknown command `docter`. Did you mean `doctor`?'],
    [['Демо'], 'unknown command `Демо`.'],
    [['zzzzzzzz'], 'unknown command `zzzzzzzz`.'],
    [['jobs', 'lst'], 'unknown command `lst`. Did you mean `list`?'],
    [['help', 'serv'], 'unknown command `serv`. Did you mean `serve`?'],
    [['--rehearsal'], 'unknown option `--rehearsal`. Options follow the command.'],
    [[], 'no command.'],
    [['jobs'], 'no command.'],
    [['serve', '--prot', '9'], 'unknown option `--prot`. Did you mean `--port`?'],
    [['serve', '--prot=9'], 'unknown option `--prot`. Did you mean `--port`?'],
    [['serve', '--data', 'x'], 'unknown option `--data`. Did you mean `--data-dir`?'],
    [['serve', '-p', '9'], 'unknown option `-p`.'],
    [['serve', '--url', 'http://x'], 'unknown option `--url`.'],
    [['jobs', 'list', '--statsu', 'x'], 'unknown option `--statsu`. Did you mean `--status`?'],
    [['serve', 'more'], 'unexpected argument `more`.'],
    [['serve', '--port='], '--port: a value is expected.'],
    [['serve', '--port', ''], '--port: a value is expected.'],
    [['serve', '--rehearsal=yes'], "Option '--rehearsal' does not take an argument"],
    [['serve', '--port'], "Option '--port <value>' argument missing"],
    [['serve', '--__proto__', 'x'], 'unknown option `--__proto__`.'],
    [['serve', '--toString'], 'unknown option `--toString`.'],
  ])('[CM19] %j: %s', (args, problem) => {
    expect(problemOf(...args)).toBe(problem)
  })

  test('[CM20] a key is not an option, and the refusal says where it belongs', () => {
    for (const [option, name] of [
      ['--api-bearer-token', 'API_BEARER_TOKEN'],
      ['--tenants', 'VIVAVOCE_TENANTS'],
      ['--database-url', 'DATABASE_URL'],
      ['--callback-secret', 'VIVAVOCE_CALLBACK_SECRET'],
    ] as const)
      expect(problemOf('serve', option, 'SECRET')).toBe(
        `\`${option}\` is not an option: options show in the list of processes. Set ${name} in the environment or in the configuration file.`,
      )
  })
})

describe('options that are settings', () => {
  test('[CM20] every setting that is no secret has an option of `serve`, named like the setting', () => {
    const { command } = givenBy('serve')
    const expected = settingNames
      .filter((name) => !/TOKEN$|TENANTS|SECRET|DATABASE_URL|VIVAVOCE_URL/.test(name))
      .map((name) =>
        name === 'VIVAVOCE_DEFAULT_MODEL' ? 'model' : name.replace('VIVAVOCE_', '').toLowerCase().replaceAll('_', '-'),
      )
    expect(Object.keys(command.options).toSorted()).toEqual([...expected, 'config', 'rehearsal'].toSorted())
  })

  test('[CM20] their values are those of the settings', () => {
    const { given } = givenBy(
      'serve',
      '--port',
      '9000',
      '--model=haiku',
      '--data-dir',
      '~/ж',
      '--allow-unsandboxed',
      '--config',
      'a.env',
    )
    expect(
      Object.fromEntries(Object.entries(settingsOf(given.values)).filter(([, value]) => value !== undefined)),
    ).toEqual({
      VIVAVOCE_PORT: '9000',
      VIVAVOCE_DEFAULT_MODEL: 'haiku',
      VIVAVOCE_DATA_DIR: '~/ж',
      VIVAVOCE_ALLOW_UNSANDBOXED: '1',
      VIVAVOCE_CONFIG: 'a.env',
    })
  })

  test('[CM19] words behind -- are arguments', () => {
    expect(givenBy('conversations', 'show', '--', '--help').given.positionals).toEqual(['--help'])
  })
})
