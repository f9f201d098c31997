import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isAlive } from './is-alive.ts'

test('a process is alive until it ends, also when nobody collects it', async () => {
  expect(isAlive(process.pid)).toBe(true)
  // The shell starts a child that ends at once, and does not collect it.
  const shell = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = (await once(shell.stdout, 'data')) as [Buffer]
  const child = Number(line.toString())
  while (isAlive(child)) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(readFileSync(`/proc/${child}/stat`, 'latin1')).toContain(') Z ')
  shell.kill('SIGKILL')
  await once(shell, 'exit')
  expect(isAlive(shell.pid ?? 0)).toBe(false)
})
