/** The package as it is published: packed, unpacked elsewhere and run, on older versions of Node too. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BUILD_MS = 300_000

/** `npm run test:matrix` installs these; tests on them are skipped without. */
const olderNode = (major: number): string => join(ROOT, `test/matrix/node_modules/node-${major}/bin/node`)

let directory: string
let unpacked: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-package-'))
  await run('npm', ['pack', '--pack-destination', directory], { cwd: ROOT })
  const [archive = ''] = readdirSync(directory)
  await run('tar', ['-xzf', join(directory, archive), '-C', directory])
  // The dependencies of the package, where an installer would put them.
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  unpacked = join(directory, 'package')
}, BUILD_MS)
afterAll(() => rm(directory, { recursive: true, force: true }))

const command = (node: string, ...args: readonly string[]) =>
  run(node, [join(unpacked, 'bin/vivavoce.js'), ...args], {
    // A command that needs the CLI ends at once.
    env: { HOME: directory, VIVAVOCE_CLAUDE_BIN: '/missing' },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  )

describe('the packed package', () => {
  test('[CM30] carries every file that its README and the pages beside it link to', async () => {
    const pages = readdirSync(unpacked).filter((name) => name.endsWith('.md'))
    const links = await Promise.all(
      pages.map(async (page) => {
        const text = await readFile(join(unpacked, page), 'utf8')
        return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => join(dirname(page), path))
      }),
    )
    expect(links.flat().length).toBeGreaterThan(10)
    expect([...new Set(links.flat())].filter((path) => !existsSync(join(unpacked, path)))).toEqual([])
  })

  test('[CM30] runs from its build', async () => {
    expect(existsSync(join(unpacked, 'src'))).toBe(false)
    expect(await command(process.execPath, 'config', '--reference')).toEqual({
      code: 0,
      stdout: await readFile(join(ROOT, 'docs/reference/config.md'), 'utf8'),
      stderr: '',
    })
  })

  test.each([process.execPath, olderNode(22)].filter(existsSync))(
    '[CM30] [LM5] reads a large body in a thread of its build, on %s',
    async (node) => {
      const script = `
        const { createReaders } = await import(${JSON.stringify(join(unpacked, 'dist/reading/index.js'))})
        const clock = { nowMs: () => 0, after: () => ({ [Symbol.dispose]() {} }) }
        const readers = createReaders({ clock, maxBytes: 1e7 })
        const body = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(1_000_000) }] })
        const sent = { pieces: [new Uint8Array(Buffer.from(body))], contentType: null }
        const read = await readers.read('chat', sent, { tenant: 'a', signal: new AbortController().signal })
        console.log(read.history[0].text.length)
        await readers.close()`
      const path = join(directory, 'read.mjs')
      await writeFile(path, script)
      const { stdout } = await run(node, [path])
      expect(stdout).toBe('1000000\n')
    },
  )

  test.skipIf(!existsSync(olderNode(20)))('[CM31] on Node 20 says in one line which Node is needed', async () => {
    expect(await command(olderNode(20), 'serve')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'vivavoce: Node 20.20.2 is too old. Install Node 22.13 or newer: https://nodejs.org/en/download.\n',
    })
  })

  test.skipIf(!existsSync(olderNode(22)))('[CM31] on Node 22.13 prints no warning about SQLite', async () => {
    const { code, stderr } = await command(olderNode(22), 'serve')
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^vivavoce: VIVAVOCE_CLAUDE_BIN .*\n$/) })
  })
})
