/** A real browser without a window, for what only a page can show. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Whether Chromium is on this machine (Debian's package `chromium`); without it what it would show is skipped. */
export const hasBrowser = existsSync(EXECUTABLE)

export interface Browser extends AsyncDisposable {
  newPage(): Promise<Page>
}

/** Starts Chromium on an empty profile of its own. Whoever starts it closes it. */
export async function startBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'vivavoce-browser-'))
  const remove = (): Promise<void> => rm(profile, { recursive: true, force: true, maxRetries: 5 })
  try {
    const context = await chromium.launchPersistentContext(profile, { executablePath: EXECUTABLE, args: FLAGS })
    return {
      newPage: () => context.newPage(),
      async [Symbol.asyncDispose]() {
        await context.close()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

export interface Site extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
}

export interface SiteOptions {
  /** By path; an empty page is at `/` where none is given. */
  readonly pages?: Readonly<Record<string, string>>
  /** Directories of scripts, by the path that they are served below: `/openai/`. */
  readonly directories?: Readonly<Record<string, string>>
}

/** Serves pages and scripts on an origin of its own. */
export async function serveSite({ pages = {}, directories = {} }: SiteOptions = {}): Promise<Site> {
  const bodyOf = async (path: string): Promise<readonly [type: string, body: string | Buffer] | undefined> => {
    const page = { '/': '<!doctype html><title>page</title>', ...pages }[path]
    if (page !== undefined) return ['text/html', page]
    const [below, directory] = Object.entries(directories).find(([prefix]) => path.startsWith(prefix)) ?? []
    if (below === undefined || directory === undefined) return undefined
    return ['text/javascript', await readFile(join(directory, path.slice(below.length)))]
  }
  const server = createServer((request, response) => {
    void bodyOf(request.url ?? '')
      .catch(() => undefined)
      .then((found) => {
        response.writeHead(found === undefined ? 404 : 200, { 'content-type': found?.[0] ?? 'text/plain' })
        response.end(found?.[1])
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}
