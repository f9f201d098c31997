/**
 * The way of a token: from when it is handed to the CLI to when the gateway's client has it, beside the same for the lines
 * of a CLI without the gateway. The difference is what the gateway adds.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { askBareCli } from './bare-cli.ts'
import type { Ground } from './block.ts'
import { system, user } from './conversation.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { ENGINES, ENGINE_SETTINGS, engineRow, type EngineName } from './rows.ts'
import type { Sizes } from './sizes.ts'
import { spreadOf, type Spread } from './statistics.ts'
import { openTap, type Tap } from './tap.ts'

/** Milliseconds from the CLI's being handed a token to its arrival. */
export interface RelayedToken {
  /** At the reader of a CLI's lines. */
  readonly alone: Spread | undefined
  readonly engines: Readonly<Record<EngineName, Spread | undefined>>
}

type OnText = (text: string, atMs: number) => void
type AskLong = (onText: OnText) => Promise<void>

export interface RelayOptions {
  readonly directory: string
  readonly cliPath: string
  readonly relayed: Sizes['relayed']
}

export async function measureRelayedToken(ground: Ground, options: RelayOptions): Promise<RelayedToken> {
  const { rehearsal, client, texts, signal } = ground
  const { directory, cliPath, relayed } = options
  await using tap = await openTap(rehearsal.url)
  await using stack = new AsyncDisposableStack()
  const samples = { alone: [] as number[], cold: [] as number[], warm: [] as number[] }
  const asks: [keyof typeof samples, AskLong][] = [
    [
      'alone',
      (onText) =>
        askBareCli(
          { cliPath, directory: join(directory, 'alone'), upstream: tap.url, signal },
          texts.longQuestion(relayed),
          onText,
        ),
    ],
  ]
  for (const name of ENGINES) {
    const home = join(directory, `${name}-relaying`)
    mkdirSync(home)
    const settings = ENGINE_SETTINGS[name]
    const gateway = stack.use(
      await startGatewayProcess({ directory: home, upstream: tap.url, cliPath, settings, signal }),
    )
    const { target } = engineRow(name, gateway)
    asks.push([
      name,
      async (onText) => {
        await gateway.settled({ signal })
        const conversation = [system(texts.system().text), user(texts.longQuestion(relayed))]
        await client.ask(target, conversation, { signal, onText })
      },
    ])
  }
  // The first answer of each is a warm-up; in turn, so that what else the machine does befalls all of them.
  for (let answer = 0; answer <= relayed.answers; answer += 1) {
    for (const [name, askLong] of asks) {
      const lags = await lagsOf(askLong, { tap, pieces: relayed.pieces })
      if (answer > 0) samples[name].push(...lags)
    }
  }
  return {
    alone: spreadOf(samples.alone),
    engines: { cold: spreadOf(samples.cold), warm: spreadOf(samples.warm) },
  }
}

/** How late each token of one answer was. The first one is left out: it waits for what begins an answer. */
async function lagsOf(
  askLong: AskLong,
  { tap, pieces }: { readonly tap: Tap; readonly pieces: number },
): Promise<readonly number[]> {
  tap.forget()
  const heardAtMs = new Map<number, number>()
  await askLong((text, atMs) => {
    for (const [number] of text.matchAll(/\d+/g)) heardAtMs.set(Number(number), atMs)
  })
  if (heardAtMs.size !== pieces) throw new Error(`${heardAtMs.size} of ${pieces} tokens arrived`)
  return [...heardAtMs].flatMap(([number, atMs]) => {
    const handedOnAtMs = tap.handedOnAtMs.get(number)
    if (handedOnAtMs === undefined) throw new Error('a token arrived that had not been handed on')
    return number === 1 ? [] : [atMs - handedOnAtMs]
  })
}
