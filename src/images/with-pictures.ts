import {
  GatewayError,
  type History,
  type Message,
  type Part,
  type TurnEngine,
  type TurnRequest,
} from '../core/index.ts'
import { MAX_PAGES, toDocument } from '../documents/index.ts'
import { OutboundError } from '../outbound/index.ts'
import { decodeDataUrl } from './data-url.ts'
import type { PictureFetcher } from './picture-fetcher.ts'

interface Asker {
  readonly tenant: string
  readonly signal: AbortSignal
  /** @throws GatewayError where the files of the request have more pages than may be. */
  readonly countPages: (pages: number, place: string) => void
}

function createPageCount(): Asker['countPages'] {
  let counted = 0
  return (pages, place) => {
    counted += pages
    if (counted > MAX_PAGES)
      throw refuse(place, `the PDFs of a request may have ${MAX_PAGES} pages in all; send fewer`, { retryable: false })
  }
}

/** One answer for all that may stand in the way; whether to try again is told by the code. */
const refuse = (place: string, problem: string, { retryable, cause }: { retryable: boolean; cause?: unknown }) =>
  new GatewayError(retryable ? 'picture_unavailable' : 'invalid_request', `\`${place}\`: ${problem}.`, {
    param: place,
    cause,
  })

/** The same engine for histories whose pictures are still where their addresses say, and whose files were not looked at. */
export function withPictures(engine: TurnEngine, fetcher: PictureFetcher): TurnEngine {
  async function resolvePart(part: Part, { tenant, signal, countPages }: Asker): Promise<Part> {
    if (part.type === 'file') {
      const read = await toDocument(part.data, part.name)
      if (!read.ok) throw refuse(part.place, read.problem, { retryable: false })
      countPages(read.pages, part.place)
      return { type: 'document', document: read.document }
    }
    if (part.type !== 'linked-picture') return part
    const { url, place } = part
    if (/^data:/i.test(url)) {
      const decoded = decodeDataUrl(url)
      if (!decoded.ok) throw refuse(place, decoded.problem, { retryable: false })
      return { type: 'picture', picture: decoded.image }
    }
    try {
      return { type: 'picture', picture: await fetcher.fetch(url, { scope: tenant, signal }) }
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error
      throw refuse(place, `the picture could not be fetched: ${error.problem}`, {
        retryable: error.retryable,
        cause: error,
      })
    }
  }

  async function resolveMessage(message: Message, asker: Asker): Promise<Message> {
    if ((message.role !== 'user' && message.role !== 'tool') || message.parts === undefined) return message
    return { ...message, parts: await Promise.all(message.parts.map((part) => resolvePart(part, asker))) }
  }

  /** Where one cannot be had, the others are not fetched any longer. */
  async function resolveAll({ tenant, history }: TurnRequest, signal: AbortSignal): Promise<History> {
    const failed = new AbortController()
    const asker: Asker = { tenant, signal: AbortSignal.any([signal, failed.signal]), countPages: createPageCount() }
    try {
      return await Promise.all(history.map((message) => resolveMessage(message, asker)))
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }

  return {
    async *run(request, { signal }) {
      yield* engine.run({ ...request, history: await resolveAll(request, signal) }, { signal })
    },
  }
}
