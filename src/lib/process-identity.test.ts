import { expect, test } from 'vitest'
import { isRunning, processIdentity } from './process-identity.ts'

test('a process runs under its own identity, not under that of one that had its number before', () => {
  expect(isRunning(processIdentity)).toBe(true)
  const [pid] = processIdentity.split('.')
  expect(isRunning(`${pid}.1`)).toBe(false)
  expect(isRunning('4194303.0')).toBe(false)
  for (const none of ['', 'x', '1', `${pid}`, '1.2.3']) expect(isRunning(none)).toBe(false)
})
