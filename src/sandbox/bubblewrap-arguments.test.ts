import { expect, test } from 'vitest'
import { bubblewrapArguments, inSystem } from './bubblewrap-arguments.ts'

const view = {
  directory: '/data/workspaces/run-1',
  network: false,
  temporaryRoot: '/data/tmp',
  temporaryDirectory: '/data/tmp/run-1',
  tmpfsBytes: 1000,
  hiddenFiles: ['/proc/keys'],
}
/** What an option is given with, `size` words each time. */
const given = (args: readonly string[], option: string, size: number): readonly string[] =>
  args.flatMap((arg, index) => (arg === option ? [args.slice(index + 1, index + 1 + size).join(' ')] : []))

test('[SB1] the workspace alone is bound to be written to, after all that could cover it', () => {
  const args = bubblewrapArguments(view)
  expect(given(args, '--bind', 2)).toEqual(['/data/workspaces/run-1 /data/workspaces/run-1'])
  expect(args.indexOf('--bind')).toBeGreaterThan(args.lastIndexOf('--tmpfs'))
  expect(given(args, '--tmpfs', 1)).toEqual(['/dev/shm', '/tmp', '/home/agent', '/data/tmp'])
  expect(args.indexOf('--dir')).toBeGreaterThan(args.lastIndexOf('--tmpfs'))
  expect(given(args, '--dir', 1)).toEqual(['/data/tmp/run-1'])
  expect(given(args, '--remount-ro', 1)).toEqual(['/proc', '/dev', '/'])
})

test('[SB1] [SB2] of the system only programs, libraries and what they look up are seen', () => {
  const seen = given(bubblewrapArguments(view), '--ro-bind-try', 2)
  expect(seen).toContain('/usr/bin /usr/bin')
  for (const path of seen) expect(path).toMatch(/^(\S+) \1$/)
  const roots = seen.map((pair) => pair.split(' ')[0])
  for (const whole of ['/', '/usr', '/usr/local', '/etc', '/etc/ssl', '/etc/pki', '/var', '/run', '/home', '/opt'])
    expect(roots).not.toContain(whole)
  for (const secret of ['/etc/shadow', '/etc/gitconfig', '/etc/ssl/private']) expect(roots).not.toContain(secret)
})

test('[SB3] the environment is cleared before it is made', () => {
  const args = bubblewrapArguments(view)
  expect(args.indexOf('--clearenv')).toBeLessThan(args.indexOf('--setenv'))
  expect(given(args, '--setenv', 2).map((pair) => pair.split(' ')[0])).toEqual([
    'PATH',
    'HOME',
    'USER',
    'LANG',
    'EMAIL',
  ])
})

test('[SB4] the network is shared only where it is asked for, and with everything else apart', () => {
  const [without, within] = [bubblewrapArguments(view), bubblewrapArguments({ ...view, network: true })]
  expect(without).not.toContain('--share-net')
  expect(within.filter((arg) => arg !== '--share-net')).toEqual(without)
  expect(within.indexOf('--share-net')).toBeGreaterThan(within.indexOf('--unshare-all'))
})

test('[SB13] each file system in memory has its size', () => {
  const args = bubblewrapArguments(view)
  const before = args.flatMap((arg, index) => (arg === '--tmpfs' ? [args.slice(index - 2, index).join(' ')] : []))
  expect(before).toEqual(Array.from({ length: 4 }, () => '--size 1000'))
})

test('[SB12] files that tell of others look empty', () => {
  const args = bubblewrapArguments(view)
  expect(given(args, '--ro-bind', 2)).toEqual(['/dev/null /proc/keys'])
  expect(args.indexOf('--ro-bind')).toBeGreaterThan(args.indexOf('--proc'))
})

test('[SB10] there is a user namespace, none within it, and a filter of system calls', () => {
  const args = bubblewrapArguments(view)
  for (const option of ['--unshare-user', '--disable-userns', '--assert-userns-disabled'])
    expect(args).toContain(option)
  expect(given(args, '--seccomp', 1)).toEqual(['9'])
})

test('[SB5] it ends with the one who started it, and the last option waits for a directory', () => {
  expect(bubblewrapArguments(view)).toContain('--die-with-parent')
  expect(bubblewrapArguments(view).at(-1)).toBe('--chdir')
})

test.each([
  ['/usr/share/vivavoce', true],
  ['/usr/local/lib/node_modules/x', true],
  ['/bin', true],
  ['/usr', false],
  ['/usr/src/app/data', false],
  ['/usr/binaries', false],
  ['/root/.claude', false],
  ['/', false],
])('[SB2] whether runs would see %s: %s', (directory, seen) => {
  expect(inSystem([directory])).toEqual(seen ? [directory] : [])
})
