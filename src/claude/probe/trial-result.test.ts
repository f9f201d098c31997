import { expect, test } from 'vitest'
import { GatewayError } from '../../core/index.ts'
import { ProcessLostError } from '../warm/index.ts'
import { LateError } from './pace.ts'
import { obstacleOfSystem, toTrialResult } from './trial-result.ts'

const system = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${code}: refused, ${syscall}`), { code, syscall })
const notReady = (cause: unknown, details: object = {}): GatewayError =>
  new GatewayError('cli_failed', 'It did not become ready.', { cause, details: { ...details } })
const exit = { code: 0, signal: null, stderr: '' }

test.each([
  ['a limit of the trial', new LateError('late'), 'late'],
  ['a limit of an answer', new ProcessLostError('late', { why: 'late' }), 'late'],
  ['a limit of a start', notReady(new ProcessLostError('late', { why: 'late' })), 'late'],
  ['a start that ends', notReady(new ProcessLostError('ended', { why: 'ended' }), { code: 1, signal: null }), 'failed'],
  [
    'a machine without processes to spare',
    new GatewayError('cli_unavailable', 'x', { cause: system('EAGAIN', 'spawn x') }),
    'failed',
  ],
  [
    'a file that is being written',
    new GatewayError('cli_unavailable', 'x', { cause: system('ETXTBSY', 'spawn x') }),
    'failed',
  ],
  [
    'a file that is no program',
    new GatewayError('cli_unavailable', 'x', { cause: system('EACCES', 'spawn x') }),
    'program',
  ],
  ['a full disk', system('ENOSPC', 'write'), 'environment'],
] as const)('[SU7] %s shows nothing of the CLI', (_, error, kind) => {
  expect(toTrialResult(error, undefined)).toMatchObject({ result: 'unknown', kind })
})

test('[SU7] a process that is killed or crashes shows nothing of the CLI; what it says of a full disk is told', () => {
  const ended = new ProcessLostError('it has ended', { why: 'ended' })
  expect(toTrialResult(ended, { ...exit, code: null, signal: 'SIGKILL' })).toEqual({
    result: 'unknown',
    kind: 'failed',
    problem: 'a process ended with SIGKILL',
  })
  expect(toTrialResult(ended, { ...exit, code: 1, stderr: 'Error: ENOSPC: no space left on device, write\n' })).toEqual(
    {
      result: 'unknown',
      kind: 'environment',
      problem: 'a process ended with code 1 (Error: ENOSPC: no space left on device, write)',
      exitCode: 1,
    },
  )
})

test('[SU7] a request that is refused, an end without a failure and another shape show what the CLI cannot do', () => {
  for (const error of [new ProcessLostError('it refused a request'), new Error('the model was asked 2 times')])
    expect(toTrialResult(error, exit)).toMatchObject({ result: 'no' })
  expect(toTrialResult(new ProcessLostError('it has ended', { why: 'ended' }), exit)).toMatchObject({ result: 'no' })
})

test('an error that the system has no part in is no obstacle of the system', () => {
  expect(obstacleOfSystem(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined()
  expect(obstacleOfSystem('x')).toBeUndefined()
})
