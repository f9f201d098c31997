import { expect, test } from 'vitest'
import { childEnvironment } from './environment.ts'

test('[CF4] a child gets what is passed on, what is fixed, and nothing of a caller but a number', () => {
  const env = childEnvironment({ PATH: '/bin', DISABLE_TELEMETRY: '0' }, { maxOutputTokens: 17, mark: 'm' })
  expect(env).toStrictEqual({
    PATH: '/bin',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    CLAUDE_CODE_DISABLE_FILE_MENTIONS: '1',
    CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
    CLAUDE_AGENT_SDK_DISABLE_BUILTIN_AGENTS: '1',
    DISABLE_AUTO_COMPACT: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    ENABLE_TOOL_SEARCH: 'false',
    VIVAVOCE_RUN: 'm',
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: '17',
  })
  expect(childEnvironment({}, { mark: 'm' })).not.toHaveProperty('CLAUDE_CODE_MAX_OUTPUT_TOKENS')
})

test('[CC16] how much a child thinks is fixed where it is told at its start, and left alone where it is not', () => {
  const names = ['CLAUDE_CODE_DISABLE_THINKING', 'CLAUDE_CODE_EFFORT_LEVEL']
  const of = (reasoning?: 'none' | 'low' | 'medium' | 'high'): Record<string, string> =>
    Object.fromEntries(
      Object.entries(childEnvironment({}, { mark: 'm', ...(reasoning === undefined ? {} : { reasoning }) })).filter(
        ([name]) => names.includes(name),
      ),
    )
  expect(of()).toEqual({})
  expect(of('none')).toEqual({ CLAUDE_CODE_DISABLE_THINKING: '1', CLAUDE_CODE_EFFORT_LEVEL: 'low' })
  for (const effort of ['low', 'medium', 'high'] as const)
    expect(of(effort)).toEqual({ CLAUDE_CODE_EFFORT_LEVEL: effort })
})

test('[CC19] how the model chooses its words is numbers in the body of its requests, where it is asked for', () => {
  const of = (sampling?: { readonly temperature?: number; readonly topP?: number }): string | undefined =>
    childEnvironment({}, { mark: 'm', ...(sampling === undefined ? {} : { sampling }) })['CLAUDE_CODE_EXTRA_BODY']
  expect(of()).toBeUndefined()
  expect(of({ temperature: 0 })).toBe('{"temperature":0}')
  expect(of({ topP: 0.5 })).toBe('{"top_p":0.5}')
  expect(of({ temperature: 0.25, topP: 0.9 })).toBe('{"temperature":0.25,"top_p":0.9}')
})
