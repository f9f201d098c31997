import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { runCommand } from '../../test/support/run-command.ts'

test('[CM17] help is printed by a program that has started nothing', async () => {
  for (const args of [
    ['serve', '--help'],
    ['help', 'doctor'],
    ['demo', '-h'],
  ]) {
    const { code, out, err } = await runCommand(args, {
      env: { VIVAVOCE_PORT: 'not read', VIVAVOCE_CLAUDE_BIN: '/nonexistent' },
    })
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^usage: vivavoce (serve|doctor|demo) \[options\]\n/)
  }
})

test.each([['--version'], ['-v'], ['version']])('[CM21] %s prints the version of the package', async (word) => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(await runCommand([word])).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' })
})

test('[CM19] a mistyped option names the near one, and where to read on', async () => {
  expect(await runCommand(['serve', '--prot', '9'])).toEqual({
    code: 2,
    out: '',
    err: 'vivavoce: unknown option `--prot`. Did you mean `--port`?\n\nusage: vivavoce serve [options]\nRun `vivavoce serve --help` for its options.\n',
  })
})

test('[CM20] [CF10] options are settings that go before the environment', async () => {
  const { code, out } = await runCommand(['config', '--max-concurrency', '7', '--allow-unsandboxed'], {
    env: { MAX_CONCURRENCY: '3', MAX_QUEUE_DEPTH: '4' },
  })
  expect(code).toBe(0)
  expect(out).toMatch(/^MAX_CONCURRENCY +option +7$/m)
  expect(out).toMatch(/^MAX_QUEUE_DEPTH +environment +4$/m)
  expect(out).toMatch(/^VIVAVOCE_ALLOW_UNSANDBOXED +option +true$/m)
})
