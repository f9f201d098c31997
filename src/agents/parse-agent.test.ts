import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAgent, splitToolRules } from './parse-agent.ts'

const file = (frontMatter: readonly string[], persona = 'You help.'): string =>
  ['---', ...frontMatter, '---', persona, ''].join('\n')
const named = ['name: helper', 'description: Helps']

const problemsOf = (text: string): readonly { readonly line: number; readonly problem: string }[] => {
  const parsed = parseAgent(text)
  return parsed.ok ? [] : parsed.problems
}
const linesOf = (text: string): readonly number[] => problemsOf(text).map(({ line }) => line)
const toolsOf = (line: string): readonly string[] | undefined => {
  const parsed = parseAgent(file([...named, line]))
  return parsed.ok ? parsed.agent.tools : undefined
}

test('[AG1] a file with front matter is an agent; absent tools grant none', () => {
  expect(parseAgent(file(named, 'Ти помагаш. 🙂'))).toStrictEqual({
    ok: true,
    nameLine: 2,
    agent: { name: 'helper', description: 'Helps', prompt: 'Ти помагаш. 🙂', tools: [] },
  })
})

test('[AG1] an agent has the tools and the model that its file names', () => {
  const text = file(
    [...named, 'tools: Read, Bash(git log:*)', 'model: opus', 'color: red'],
    '\n\nLine 1\n\n---\n\nLine 2\n\n',
  )
  expect(parseAgent(text)).toStrictEqual({
    ok: true,
    nameLine: 2,
    agent: {
      name: 'helper',
      description: 'Helps',
      prompt: 'Line 1\n\n---\n\nLine 2',
      tools: ['Read', 'Bash(git log:*)'],
      model: 'opus',
    },
  })
})

test('[WS2] [AG1] an agent has the repository and the branch that its file names', () => {
  const text = file([...named, 'repository: git@example.com:team/проект.git', 'branch: feature/ж'])
  expect(parseAgent(text)).toMatchObject({
    ok: true,
    agent: { repository: 'git@example.com:team/проект.git', branch: 'feature/ж' },
  })
})

test.each([
  ['repository: --upload-pack=x', 'repository: a repository is a path or an address, and does not begin with a dash'],
  ['repository: ""', 'repository: a repository is a path or an address, and does not begin with a dash'],
  ['repository: "a\\nb"', 'repository: a repository is a path or an address, and does not begin with a dash'],
  ['repository: 5', 'repository: a repository is expected'],
  ['branch: a b', 'branch: the name of a branch is expected'],
  ['branch: -x', 'branch: the name of a branch is expected'],
  ['branch: [x]', 'branch: the name of a branch is expected'],
])('[AG2] %j is told', (line, problem) => {
  expect(problemsOf(file([...named, line]))).toEqual([{ line: 4, problem }])
})

test.each([
  ['tools:', []],
  ['tools: ~', []],
  ['tools: []', []],
  ['tools: ""', []],
  ['tools: ","', []],
  ['tools: Read', ['Read']],
  ['tools: " Read ,, Grep , "', ['Read', 'Grep']],
  ['tools: [Read, Grep]', ['Read', 'Grep']],
  ['tools:\n  - Read\n  - Bash(git log:*, git diff:*)', ['Read', 'Bash(git log:*, git diff:*)']],
  ['tools: Read, Bash(git log:*, git diff:*), Grep', ['Read', 'Bash(git log:*, git diff:*)', 'Grep']],
  ['tools: mcp__server__tool-name', ['mcp__server__tool-name']],
])('[AG1] %j grants %j', (line, tools) => {
  expect(toolsOf(line)).toEqual(tools)
})

test.each([
  ['network: true', { network: true }],
  ['network: false', {}],
])('[AG1] [SB4] %j says whether an agent’s programs reach the network', (line, expected) => {
  expect(parseAgent(file([...named, line]))).toStrictEqual({
    ok: true,
    nameLine: 2,
    agent: { name: 'helper', description: 'Helps', prompt: 'You help.', tools: [], ...expected },
  })
})

test.each([['network: yes please'], ['network: "true"'], ['network: 1'], ['network: ~']])(
  '[AG2] %j is told by its line',
  (line) => {
    expect(problemsOf(file([...named, line]))).toEqual([{ line: 4, problem: 'network: true or false is expected' }])
  },
)

test('[AG1] the model inherit is the model of the caller', () => {
  expect(parseAgent(file([...named, 'model: inherit']))).toStrictEqual({
    ok: true,
    nameLine: 2,
    agent: { name: 'helper', description: 'Helps', prompt: 'You help.', tools: [] },
  })
})

test('[AG1] a comma in parentheses does not part rules', () => {
  expect(splitToolRules('A(b,c),D, E(f, g) ,H')).toEqual(['A(b,c)', 'D', 'E(f, g)', 'H'])
  expect(splitToolRules('')).toEqual([])
})

test('[AG1] rules that are joined by commas come apart as they were', () => {
  const rule = fc
    .tuple(fc.constantFrom('Read', 'Bash', 'mcp__a__b'), fc.constantFrom('', '(a)', '(a, b)', '(git log:*,x,y)', '(,)'))
    .map(([name, scope]) => name + scope)
  fc.assert(
    fc.property(fc.array(rule), fc.constantFrom(',', ', ', ' ,  '), (rules, comma) => {
      expect(splitToolRules(rules.join(comma))).toEqual(rules)
    }),
  )
})

test('[AG1] line ends of Windows and a byte order mark change nothing', () => {
  const text = file([...named, 'tools: Read'], 'One.\nTwo.')
  const expected = { name: 'helper', description: 'Helps', tools: ['Read'] }
  expect(parseAgent(`\uFEFF${text}`)).toMatchObject({ ok: true, agent: { ...expected, prompt: 'One.\nTwo.' } })
  expect(parseAgent(text.replaceAll('\n', '\r\n'))).toMatchObject({
    ok: true,
    agent: { ...expected, prompt: 'One.\r\nTwo.' },
  })
  expect(parseAgent(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toMatchObject({ ok: true, agent: expected })
  expect(parseAgent(text.replaceAll('---\n', '--- \t\n'))).toMatchObject({ ok: true, agent: expected })
})

test.each([
  ['an empty file', ''],
  ['a file without front matter', 'You help.\n'],
  ['front matter that is not closed', '---\nname: helper\ndescription: Helps\nYou help.\n'],
  ['text before the front matter', `\n${file(named)}`],
  ['text before the front matter, on its line', `x${file(named)}`],
  ['four dashes', file(named).replaceAll('---', '----')],
])('[AG2] %s is told on line 1', (_, text) => {
  expect(problemsOf(text)).toEqual([
    { line: 1, problem: 'an agent file begins with front matter between two lines of ---' },
  ])
})

test('[AG2] every field at fault is told by its line', () => {
  const text = file([
    'model: opus',
    '',
    '# a remark',
    'name: Big Name',
    'description: ""',
    'tools: Read, Ba d',
    'color: 5',
  ])
  expect(problemsOf(text)).toEqual([
    { line: 5, problem: 'name: a name is 1 to 64 small letters, digits and dashes' },
    { line: 6, problem: 'description: a description must not be empty' },
    {
      line: 7,
      problem: 'tools.1: a tool is a name, or a name with a rule in parentheses: `Read` or `Bash(git log:*)`',
    },
    { line: 8, problem: expect.stringMatching(/^color: /) },
  ])
  expect(linesOf(text.replaceAll('\n', '\r\n'))).toEqual([5, 6, 7, 8])
  expect(linesOf(`\uFEFF${text}`)).toEqual([5, 6, 7, 8])
})

test('[AG2] fields that are missing are told where the front matter begins', () => {
  expect(problemsOf('---\n---\nYou help.\n')).toEqual([
    { line: 2, problem: expect.stringMatching(/^name: /) },
    { line: 2, problem: expect.stringMatching(/^description: /) },
  ])
  expect(problemsOf(file(['name: helper']))).toEqual([{ line: 2, problem: expect.stringMatching(/^description: /) }])
})

test('[AG2] a key that is not known is told by its line', () => {
  expect(problemsOf(file([...named, 'tool: Read']))).toEqual([{ line: 4, problem: expect.stringMatching(/^tool: /) }])
})

test.each([
  ['a list', ['- name: helper']],
  ['a text', ['helper']],
  ['a number', ['5']],
])('[AG2] front matter that is %s is told on its first line', (_, frontMatter) => {
  expect(linesOf(file(frontMatter))).toEqual([2])
})

test.each([
  ['a value that is not closed', ['name: "helper', 'description: Helps']],
  ['a bracket that is not closed', [...named, 'tools: [Read']],
  ['a line that is no pair', [...named, 'tools']],
  ['a tab for an indent', [...named, 'tools:', '\t- Read']],
  ['a key that stands twice', [...named, 'name: other']],
])('[AG2] broken YAML is told with a line inside the front matter: %s', (_, frontMatter) => {
  const problems = problemsOf(file(frontMatter))
  expect(problems.length).toBeGreaterThan(0)
  for (const { line, problem } of problems) {
    expect(line).toBeGreaterThanOrEqual(2)
    expect(line).toBeLessThanOrEqual(frontMatter.length + 2)
    expect(problem).not.toContain('\n')
  }
})

test('[AG2] a key that stands twice is told where it stands again', () => {
  expect(linesOf(file([...named, 'model: opus', 'name: other']))).toEqual([5])
})

test.each([[''], ['\n\n'], [' \t\n']])('[AG2] a file without a persona is told: %j', (persona) => {
  const text = `---\nname: helper\ndescription: Helps\n---\n${persona}`
  const [problem, ...others] = problemsOf(text)
  expect(others).toEqual([])
  expect(problem?.problem).toBe('the persona (the text below the front matter) is empty')
  expect(problem?.line).toBe(text.split('\n').length)
})

test.each([['a'], ['a-1'], ['0'], ['x'.repeat(64)]])('[AG1] %j is a name', (name) => {
  expect(parseAgent(file([`name: "${name}"`, 'description: Helps']))).toMatchObject({ ok: true, agent: { name } })
})

test.each([[''], ['-a'], ['A'], ['a_b'], ['a/b'], ['../a'], ['a b'], ['помощник'], ['x'.repeat(65)]])(
  '[AG2] %j is no name',
  (name) => {
    expect(problemsOf(file([`name: "${name}"`, 'description: Helps']))).toEqual([
      { line: 2, problem: 'name: a name is 1 to 64 small letters, digits and dashes' },
    ])
  },
)

test.each([['Read()'], ['Bash(a'], ['Bash a'], ['(a)'], ['Bash(a)b'], ['Bash(a(b))'], ['--x'], ['5a']])(
  '[AG2] %j is no tool rule',
  (rule) => {
    expect(problemsOf(file([...named, `tools: ["${rule}"]`]))).toEqual([
      { line: 4, problem: expect.stringMatching(/^tools\.0: a tool is a name/) },
    ])
  },
)
