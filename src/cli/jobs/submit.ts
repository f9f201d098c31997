import { z } from 'zod'
import { newId } from '../../core/index.ts'
import { isAbortOf, parseJson } from '../../lib/index.ts'
import { COMMON_USAGE, forStdout, openClient, parseWords, writeJson, type ClientCommand } from '../client-command.ts'
import type { Client } from '../client.ts'
import { CommandError, ConnectionError, UsageError } from '../command-error.ts'
import { numberOption } from '../number-option.ts'
import { persistently } from '../persistently.ts'
import { liveProgress, plainProgress, silentProgress } from '../progress.ts'
import type { World } from '../world.ts'
import { exitCodeOf, outcomeOf } from './job.ts'
import { readPrompt } from './prompt.ts'
import { doingAfter, watchJob } from './watch.ts'

const USAGE = `usage: vivavoce jobs submit [options] [PROMPT…]

Gives an agent work to do in the background and prints the job's id. The prompt comes from stdin where there is none, or
where it is -, so that it need not stand in the list of processes.

  --agent NAME         the agent (default: VIVAVOCE_AGENT, else the server's)
  --budget USD         the most it may cost
  --timeout SECONDS    the longest it may run
  --priority N         from -100 to 100; the higher is run first
  --metadata JSON      an object that is kept with the job
  --push BRANCH        push the work to this branch
  --callback URL       tell this address when the job is over
  --key KEY            an idempotency key: the same key is the same job (else one is made)
  --wait               wait for the end and print the output; exits with 0 if it was completed, otherwise with 1
${COMMON_USAGE}
`

const OPTIONS = {
  agent: { type: 'string' },
  budget: { type: 'string' },
  timeout: { type: 'string' },
  priority: { type: 'string' },
  metadata: { type: 'string' },
  push: { type: 'string' },
  callback: { type: 'string' },
  key: { type: 'string' },
  wait: { type: 'boolean' },
} as const

const acceptedSchema = z.looseObject({ job_id: z.string(), status: z.string() })

type Values = { readonly [Name in Exclude<keyof typeof OPTIONS, 'wait'>]?: string | undefined }

function metadataOf(text: string): object {
  const json = parseJson(text)
  if (!json.ok || typeof json.value !== 'object' || json.value === null || Array.isArray(json.value))
    throw new UsageError(`--metadata: a JSON object is expected${json.ok ? '' : ` (${json.problem})`}`)
  return json.value
}

/** What the options ask for, as the server takes it. @throws UsageError */
function orderOf({ budget, timeout, priority, metadata, callback, push }: Values): object {
  return {
    max_budget_usd: numberOption('budget', budget),
    timeout_seconds: numberOption('timeout', timeout),
    priority: numberOption('priority', priority),
    metadata: metadata === undefined ? undefined : metadataOf(metadata),
    callback_url: callback,
    push: push === undefined ? undefined : { branch: push },
  }
}

function keyOf({ key = newId('cli_') }: Values): string {
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

export const submit: ClientCommand = {
  usage: USAGE,
  async run(args, world) {
    const { values, positionals } = parseWords(args, OPTIONS)
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
}
