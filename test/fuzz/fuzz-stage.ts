/** A gateway under fire: few processes, few places, a small limit of bodies, and pictures that may be fetched or not. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/index.ts'
import type { Observer } from '../../src/core/index.ts'
import type { Gateway } from '../../src/main.ts'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from '../../src/rehearsal/index.ts'
import { startPictureServer, type PictureServer } from '../support/picture-server.ts'
import { startReadyGateway } from '../support/ready-gateway.ts'
import type { World } from './fuzz-case.ts'
import { answerPictures } from './picture-cases.ts'

/** What stands in a file that clients name. */
export const SECRET = 'CANARY-5e1f-of-a-file'
const KEY = 'key-of-the-fuzz'

export interface FuzzStage extends AsyncDisposable {
  readonly gateway: Gateway
  readonly rehearsal: Rehearsal
  readonly directory: string
  readonly world: World
  /** How often the server was asked that nobody may ask. */
  forbiddenAsked(): number
}

const startServing = (
  directory: string,
  {
    rehearsal,
    pictures,
    observer,
  }: { readonly rehearsal: Rehearsal; readonly pictures: PictureServer; readonly observer: Observer },
): Promise<Gateway> =>
  startReadyGateway(
    loadConfig({
      PATH: process.env['PATH'],
      HOME: directory,
      TMPDIR: join(directory, 'tmp'),
      // What was found of the CLI before holds here too.
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
      LANG: 'C.UTF-8',
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
      CLAUDE_CONFIG_DIR: join(directory, 'claude'),
      API_BEARER_TOKEN: KEY,
      VIVAVOCE_DATA_DIR: join(directory, 'data'),
      VIVAVOCE_PORT: '0',
      VIVAVOCE_POOL_MAX: '4',
      VIVAVOCE_PRIVATE_HOSTS: pictures.host,
      MAX_CONCURRENCY: '6',
      VIVAVOCE_MAX_BODY_MB: '12',
      JOB_TTL_SECONDS: '5',
      VIVAVOCE_FIRST_TOKEN_TIMEOUT_SECONDS: '15',
      VIVAVOCE_TOKEN_GAP_TIMEOUT_SECONDS: '5',
      VIVAVOCE_AGENT_TIMEOUT_SECONDS: '20',
    }),
    { observer },
  )

/** Starts it. Disposing of it closes everything but leaves its directory, to be looked through. */
export async function startFuzzStage(observer: Observer): Promise<FuzzStage> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-fuzz-'))
  const rehearsal = await startRehearsal({ paceMs: 0 })
  const pictures = await startPictureServer(answerPictures)
  const forbidden = await startPictureServer(answerPictures)
  const closeAround = async (): Promise<void> => {
    await rehearsal.close()
    await pictures[Symbol.asyncDispose]()
    await forbidden[Symbol.asyncDispose]()
  }
  try {
    await mkdir(join(directory, 'tmp'))
    const secretPath = join(directory, 'secret.txt')
    await writeFile(secretPath, `${SECRET}\n`)
    const gateway = await startServing(directory, { rehearsal, pictures, observer })
    return {
      gateway,
      rehearsal,
      directory,
      world: { key: KEY, secretPath, pictures: pictures.urlOf(''), forbidden: forbidden.urlOf('') },
      forbiddenAsked: () => forbidden.requests.length,
      async [Symbol.asyncDispose]() {
        await gateway.close()
        await closeAround()
      },
    }
  } catch (error) {
    await closeAround()
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}
