import { z } from 'zod'
import { newId } from '../../core/index.ts'
import { isAbortOf, parseJson, rawJson, type RawJson } from '../../lib/index.ts'
import { clientOptions, forStdout, openClient, writeJson } from '../client-command.ts'
import type { Client } from '../client.ts'
import { CommandError, ConnectionError, UsageError } from '../command-error.ts'
import { defineCommand, type Values } from '../command-line/index.ts'
import { numberOption } from '../number-option.ts'
import { persistently } from '../persistently.ts'
import { liveProgress, plainProgress, silentProgress } from '../progress.ts'
import type { World } from '../world.ts'
import { exitCodeOf, outcomeOf } from './job.ts'
import { readPrompt } from './prompt.ts'
import { doingAfter, watchJob } from './watch.ts'

const OPTIONS = {
  agent: { type: 'string', value: 'NAME', help: 'Run this agent', fallback: "VIVAVOCE_AGENT, else the server's" },
  budget: { type: 'string', value: 'USD', help: 'Stop when the run has cost this much' },
  timeout: { type: 'string', value: 'SECONDS', help: 'Stop after this time' },
  priority: { type: 'string', value: 'N', help: 'Run higher numbers first, from -100 to 100', fallback: '0' },
  metadata: { type: 'string', value: 'JSON', help: 'Keep this object with the job' },
  push: { type: 'string', value: 'BRANCH', help: 'Push the work to this branch' },
  callback: { type: 'string', value: 'URL', help: 'Send a webhook to this address when the job is over' },
  key: {
    type: 'string',
    value: 'KEY',
    help: 'Use this idempotency key: the same key is the same job',
    fallback: 'a new one',
  },
  wait: {
    type: 'boolean',
    help: 'Wait for the end and print the output; exit with 0 if the job was completed, otherwise with 1',
  },
  ...clientOptions('the job'),
} as const

const acceptedSchema = z.looseObject({ job_id: z.string(), status: z.string() })

type OptionValues = Values<typeof OPTIONS>

/** As it was typed: the server keeps it byte for byte. */
function metadataOf(text: string): RawJson {
  const json = parseJson(text)
  if (!json.ok || typeof json.value !== 'object' || json.value === null || Array.isArray(json.value))
    throw new UsageError(`--metadata: a JSON object is expected${json.ok ? '' : ` (${json.problem})`}`)
  return rawJson(text.trim())
}

/** What the options ask for, as the server takes it. @throws UsageError */
function orderOf({ budget, timeout, priority, metadata, callback, push }: OptionValues): object {
  return {
    max_budget_usd: numberOption('budget', budget),
    timeout_seconds: numberOption('timeout', timeout),
    priority: numberOption('priority', priority),
    metadata: metadata === undefined ? undefined : metadataOf(metadata),
    callback_url: callback,
    push: push === undefined ? undefined : { branch: push },
  }
}

function keyOf({ key = newId('cli_') }: OptionValues): string {
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new UsageError('--key: 1 to 255 visible ASCII characters without spaces are expected')
  return key
}

/** Tries again while the connection breaks: the key makes it one job. */
async function send(client: Client, body: object, key: string, { pause, signal }: World) {
  const headers = { 'idempotency-key': key }
  let tries = 0
  try {
    return await persistently(
      () => {
        tries++
        return client.ask(acceptedSchema, '/execute', { method: 'POST', body, headers, signal })
      },
      { pause, signal, wasReached: false },
    )
  } catch (thrown) {
    const error: unknown = isAbortOf(thrown, signal) ? signal.reason : thrown
    const isUnknown =
      (error instanceof ConnectionError && (error.isBroken || tries > 1)) ||
      (error instanceof CommandError && error.code === 'interrupted')
    if (!isUnknown) throw error
    throw error.with(
      `; should the server have taken the job, submitting the same again with --key ${key} will find it`,
      {
        idempotency_key: key,
      },
    )
  }
}

async function wait(
  id: string,
  client: Client,
  world: World,
  { isJson }: { readonly isJson: boolean },
): Promise<number> {
  using progress = isJson ? silentProgress : world.stderr.isTTY === true ? liveProgress(world) : plainProgress(world)
  progress.note(`job ${id}`)
  const job = await watchJob(
    id,
    {
      client,
      progress,
      wasReached: true,
      onEvent(event) {
        const doing = doingAfter(event)
        if (doing !== undefined) progress.show(doing)
      },
    },
    world,
  )
  progress.hide()
  if (isJson) writeJson(world, job)
  else {
    const output = forStdout(world, job.output ?? '')
    if (output !== '') world.stdout.write(output.endsWith('\n') ? output : `${output}\n`)
    progress.note(outcomeOf(job))
  }
  return exitCodeOf(job.status)
}

export const submit = defineCommand({
  name: 'jobs submit',
  summary: 'Start a background run of an agent',
  positionals: '[PROMPT…]',
  description:
    'Start a background run of an agent and print the id of the job. Without a PROMPT, or with -, the prompt is read from stdin, so that it need not show in the list of processes.',
  options: OPTIONS,
  examples: [
    'vivavoce jobs submit --agent recruiter-triage --wait < letter.txt',
    'vivavoce jobs submit --budget 0.5 --timeout 600 "Summarise the changelog"',
  ],
  async run({ values, positionals }, world) {
    const order = orderOf(values)
    const key = keyOf(values)
    const { client, settings } = openClient(values, world)
    const prompt = await readPrompt(positionals, world)
    const accepted = await send(client, { prompt, agent: values.agent ?? settings.agent, ...order }, key, world)
    const isJson = values.json === true
    if (values.wait === true) return await wait(accepted.job_id, client, world, { isJson })
    if (isJson) writeJson(world, accepted)
    else world.stdout.write(`${forStdout(world, accepted.job_id)}\n`)
    return 0
  },
})
