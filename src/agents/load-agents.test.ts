import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isTalker } from '../core/index.ts'
import { AgentFilesError, loadAgents } from './load-agents.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vivavoce-agents-'))
})
afterEach(() => rm(directory, { recursive: true }))

const agent = (name: string, tools = ''): string =>
  `---\nname: ${name}\ndescription: d\ntools: ${tools}\n---\nYou are ${name}.\n`

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
}

async function problemsOf(from: string): Promise<readonly string[]> {
  try {
    await loadAgents({ directory: from, needed: [] })
  } catch (error) {
    if (error instanceof AgentFilesError) return error.problems
    throw error
  }
  return []
}

test('[AG1] the agents are those of the Markdown files, in the order of the files’ names', async () => {
  await write({
    'b.md': agent('first', 'Read'),
    'a.md': agent('second'),
    'notes.txt': 'not an agent',
    'c.markdown': 'nor this',
  })
  expect(await loadAgents({ directory, needed: [] })).toEqual([
    { name: 'second', description: 'd', prompt: 'You are second.', tools: [] },
    { name: 'first', description: 'd', prompt: 'You are first.', tools: ['Read'] },
  ])
})

test('[AG1] the agents that come with the product load', async () => {
  const agents = await loadAgents({ directory: undefined, needed: [] })
  expect(agents.map(({ name }) => name)).toEqual(['conversational', 'recruiter-triage'])
  const [talker, doer] = agents
  expect(talker).toMatchObject({ name: 'conversational', tools: [] })
  expect(talker !== undefined && isTalker(talker)).toBe(true)
  expect(doer?.tools).toEqual(['WebSearch', 'WebFetch', 'Read', 'Grep', 'Glob'])
  for (const { prompt, description } of agents) {
    expect(prompt.length).toBeGreaterThan(100)
    expect(description).not.toBe('')
  }
})

test('[CF14] agents that settings need and the directory lacks come from the built-in ones, and no others', async () => {
  await write({ 'a.md': agent('librarian', 'Read') })
  const namesWith = async (...needed: readonly string[]) =>
    (await loadAgents({ directory, needed })).map(({ name }) => name)
  expect(await namesWith('conversational', 'recruiter-triage')).toEqual([
    'librarian',
    'conversational',
    'recruiter-triage',
  ])
  expect(await namesWith('conversational', 'librarian')).toEqual(['librarian', 'conversational'])
  expect(await namesWith('nobody', 'librarian')).toEqual(['librarian'])
  await write({ 'b.md': agent('conversational') })
  const own = await loadAgents({ directory, needed: ['conversational'] })
  expect(own.find(({ name }) => name === 'conversational')?.prompt).toBe('You are conversational.')
})

test('[CF14] [AG2] a broken agent of one’s own is reported, and a directory without agents too', async () => {
  const load = () => loadAgents({ directory, needed: ['conversational'] })
  await expect(load()).rejects.toMatchObject({ problems: [`${directory}: it holds no agent (*.md)`] })
  await write({ 'conversational.md': 'no front matter' })
  await expect(load()).rejects.toMatchObject({ problems: [expect.stringMatching(/^conversational\.md:1: /)] })
})

test('[AG2] every problem of every file is told, by name and line', async () => {
  await write({
    'a.md': 'no front matter\n',
    'b.md': agent('fine'),
    'c.md': '---\nname: c\ndescription: ""\ntool: Read\n---\nYou help.\n',
    'd.md': '---\nname: d\ndescription: d\n---\n',
  })
  expect((await problemsOf(directory)).map((problem) => problem.split(' ')[0])).toEqual([
    'a.md:1:',
    'c.md:3:',
    'c.md:4:',
    'd.md:5:',
  ])
})

test('[AG2] two files that define one agent are told', async () => {
  await write({ 'a.md': agent('same'), 'b.md': agent('other'), 'c.md': agent('same') })
  expect(await problemsOf(directory)).toEqual(['c.md:2: name: another file defines the agent same too'])
})

test('[AG2] a directory that is missing, empty or without agents is told', async () => {
  const missing = join(directory, 'missing')
  expect(await problemsOf(missing)).toEqual([
    expect.stringMatching(/^.*missing: the directory cannot be read \(.*ENOENT/),
  ])
  expect(await problemsOf(directory)).toEqual([`${directory}: it holds no agent (*.md)`])
  await write({ 'notes.txt': 'x' })
  await mkdir(join(directory, 'inner'))
  expect(await problemsOf(directory)).toEqual([`${directory}: it holds no agent (*.md)`])
})

test('[AG2] the error tells all problems, a line each', () => {
  const error = new AgentFilesError(['a.md:1: x', 'b.md:2: y'])
  expect(error.message).toBe('broken agent files:\n  a.md:1: x\n  b.md:2: y')
})

test('[AG2] YAML that cannot be followed, a list that holds no names and a directory among the files are told or passed over', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-agents-'))
  try {
    await mkdir(join(directory, 'folder.md'))
    await writeFile(join(directory, 'bold.md'), '---\nname: a\ndescription: *bold*\n---\nYou.\n')
    await writeFile(join(directory, 'five.md'), '---\nname: b\ndescription: b\ntools: 5\n---\nYou.\n')
    await expect(loadAgents({ directory, needed: [] })).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^bold\.md:3: .*put the value in quotes$/),
        expect.stringMatching(/^five\.md:4: tools: tools are names/),
      ],
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
