import { expect, test } from 'vitest'
import { childEnvironment } from './environment.ts'

test('[CF4] a child gets what is passed on, what is fixed, and nothing of a caller but a number', () => {
  const env = childEnvironment(
    { PATH: '/bin', DISABLE_TELEMETRY: '0' },
    { talker: true, maxOutputTokens: 17, mark: 'm' },
  )
  expect(env).toMatchObject({
    PATH: '/bin',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
    DISABLE_AUTO_COMPACT: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
    CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: '17',
    CLAUDE_CODE_DISABLE_THINKING: '1',
  })
  expect(childEnvironment({}, { talker: false, maxOutputTokens: undefined, mark: 'm' })).not.toHaveProperty(
    'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  )
  expect(childEnvironment({}, { talker: false, maxOutputTokens: undefined, mark: 'm' })).not.toHaveProperty(
    'CLAUDE_CODE_DISABLE_THINKING',
  )
})
