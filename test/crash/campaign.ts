/** Gateways under load, killed again and again; then everything that they had acknowledged is looked for. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REHEARSAL_KEY, startRehearsal } from '../../src/rehearsal/index.ts'
import { createRandom } from '../soak/random.ts'
import { delay } from '../support/stage.ts'
import { createGatewayProcess, gatewayEnvironment, type GatewayProcess } from './gateway-process.ts'
import { createLedger, turnCount } from './ledger.ts'
import { createClient, load } from './load.ts'
import { remainsOf } from './remains.ts'
import { verify, type Verified } from './verify.ts'

export interface CampaignOptions {
  readonly kills: number
  readonly seed: number
  /** A database of its own; absent, the store is in the data directory of the one gateway. */
  readonly databaseUrl?: string
  readonly progress: (line: string) => void
}

export interface CampaignSummary extends Verified {
  readonly kills: number
  readonly jobs: number
  readonly cancelled: number
  readonly turns: number
  readonly followed: number
  readonly restartMs: readonly number[]
  readonly losses: readonly string[]
}

/** How long a gateway may take to acknowledge something. */
const WORKING_MS = 20_000

const AGENTS = {
  'conversational.md': '---\nname: conversational\ndescription: talks\n---\n\nBe brief.\n',
  'worker.md': '---\nname: worker\ndescription: works\ntools: Read\n---\n\nBe exact.\n',
}

async function prepare(directory: string): Promise<{ readonly agents: string; readonly repository: string }> {
  const agents = join(directory, 'agents')
  const repository = join(directory, 'repository')
  await mkdir(agents)
  for (const [name, text] of Object.entries(AGENTS)) await writeFile(join(agents, name), text)
  execFileSync('git', ['init', '-q', '-b', 'main', repository])
  await writeFile(join(repository, 'a.txt'), 'one')
  const git = ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.com']
  execFileSync('git', [...git, 'add', '-A'])
  execFileSync('git', [...git, 'commit', '-qm', 'one'])
  return { agents, repository }
}

export async function runCampaign({ kills, seed, databaseUrl, progress }: CampaignOptions): Promise<CampaignSummary> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-crash-'))
  const rehearsal = await startRehearsal()
  const random = createRandom(`crash/${seed}`)
  const ledger = createLedger()
  const restartMs: number[] = []
  const { agents, repository } = await prepare(directory)
  const names = databaseUrl === undefined ? ['one'] : ['one', 'two']
  const gateways = names.map((name) =>
    createGatewayProcess(
      gatewayEnvironment({
        directory,
        name,
        rehearsalUrl: rehearsal.url,
        rehearsalKey: REHEARSAL_KEY,
        agents,
        repository,
        databaseUrl,
      }),
    ),
  )
  const urls = (): readonly string[] => gateways.flatMap(({ url }) => url ?? [])
  const client = createClient({ urls, random: random.fork('verify') })
  const over = new AbortController()

  const acknowledged = (): number => ledger.jobs.size + ledger.cancelled.size + turnCount(ledger)
  /** Mostly amid work, now and then while it still starts. */
  const untilWorking = async (): Promise<void> => {
    if (random.chance(0.2)) return
    const before = acknowledged()
    const lateMs = Date.now() + WORKING_MS
    while (acknowledged() < before + 3 && Date.now() < lateMs) await delay(20)
  }

  const killOnce = async (gateway: GatewayProcess): Promise<void> => {
    await untilWorking()
    await delay(random.between(100, 3000))
    ledger.killedAtMs.push(await gateway.kill())
    // With another gateway there is time to take over what was left; alone there is none to lose.
    if (gateways.length > 1) await delay(random.between(0, 3000))
    restartMs.push(await gateway.start())
  }

  try {
    for (const gateway of gateways) await gateway.start()
    const loading = load({ urls, ledger, random: random.fork('load'), signal: over.signal })
    const [first, ...others] = gateways
    if (first === undefined) throw new Error('no gateway')
    for (let count = 1; count <= kills; count++) {
      await killOnce(random.pick([first, ...others]))
      if (count % 10 === 0)
        progress(`${count} kills, ${ledger.jobs.size} jobs and ${turnCount(ledger)} turns acknowledged`)
    }
    over.abort()
    const followers = await loading
    const verified = await verify(ledger, client)
    await Promise.all(followers)
    for (const gateway of gateways) {
      const code = await gateway.stop()
      if (code !== 0) ledger.losses.push(`a gateway stopped with ${code}: ${gateway.log.slice(-500)}`)
    }
    ledger.losses.push(...remainsOf(directory).map((what) => `left behind: ${what}`))
    return {
      ...verified,
      kills,
      jobs: ledger.jobs.size,
      cancelled: ledger.cancelled.size,
      turns: turnCount(ledger),
      followed: ledger.followed.size,
      restartMs: restartMs.toSorted((a, b) => a - b),
      losses: ledger.losses,
    }
  } finally {
    over.abort()
    for (const gateway of gateways) if (gateway.url !== undefined) await gateway.kill()
    await rehearsal.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

const middle = (values: readonly number[]): number => values[Math.floor(values.length / 2)] ?? 0

export const summaryLines = (summary: CampaignSummary): readonly string[] => [
  `kills ${summary.kills}; acknowledged: ${summary.jobs} jobs, ${summary.cancelled} cancellings, ${summary.turns} turns; followed ${summary.followed}`,
  `jobs ended: ${Object.entries(summary.states)
    .map(([state, count]) => `${state} ${count}`)
    .join(', ')}; begun more than once ${summary.begunAgain}`,
  `take-over of a lost attempt: ${summary.takeOverMs.length} times, p50 ${middle(summary.takeOverMs)} ms, at most ${summary.takeOverMs.at(-1) ?? 0} ms`,
  `from start to serving: p50 ${middle(summary.restartMs)} ms, at most ${summary.restartMs.at(-1) ?? 0} ms`,
  `losses ${summary.losses.length}`,
  ...summary.losses.slice(0, 50),
]
