import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEY, startStage, until, type Stage } from '../../support/stage.ts'

const run = promisify(execFile)
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

/** The code below a heading, meant for the gateway at hand. */
const example = (heading: string): string => {
  const block = new RegExp(`### ${heading}\\n+\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1]
  if (block === undefined) throw new Error(`the README has no example under ${heading}`)
  return block.replaceAll('http://127.0.0.1:8765', stage.gateway.url).replaceAll('KEY', KEY)
}

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

describe('the examples of the README', () => {
  test('from curl', async () => {
    const commands = example('From curl').split(/\n(?=curl)/)
    const curl = async (command: string | undefined): Promise<string> =>
      (await run('sh', ['-c', command ?? 'false'])).stdout
    expect(await curl(commands[0])).toMatch(/"content":" Hello!"[\s\S]*data: \[DONE\]/)
    expect(JSON.parse(await curl(commands[1]))).toEqual({
      session_id: 'kitchen',
      reply: expect.stringContaining('What did I ask'),
    })
    const { job_id: id } = JSON.parse(await curl(commands[2])) as { job_id: string }
    expect(await curl(commands[3]?.replace('JOB_ID', id))).toMatch(/event: text\n[\s\S]*event: ended\n/)
    const job = await until(async () => {
      const seen = JSON.parse(await curl(commands[4]?.replace('JOB_ID', id))) as { status: string; output: string }
      return seen.status === 'completed' && seen
    })
    expect(job.output).toContain('Example Ltd')
  })

  test('from openai-node', async () => {
    // Beside the packages that it imports.
    const file = fileURLToPath(new URL(`node_modules/.readme-${process.pid}.mjs`, import.meta.url))
    try {
      await writeFile(file, example('From openai-node'))
      expect((await run(process.execPath, [file])).stdout).toBe('This is a rehearsal. You said: Hello!')
    } finally {
      await rm(file, { force: true })
    }
  })
})
