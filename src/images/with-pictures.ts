import {
  createByteBudget,
  GatewayError,
  overLimit,
  REQUEST_LIMITS,
  type ByteShare,
  type Document,
  type History,
  type Message,
  type Part,
  type TurnEngine,
  type TurnRequest,
} from '../core/index.ts'
import type { ReadDocument } from '../documents/index.ts'
import { OutboundError } from '../outbound/index.ts'
import type { DecodedDataUrl } from './data-url.ts'
import type { PictureFetcher } from './picture-fetcher.ts'

/** Reads what a request carries in itself, perhaps in another thread. */
export interface CarriedReader {
  image(url: string, reader: Reader): Promise<DecodedDataUrl>
  file(file: { readonly data: string; readonly name: string | undefined }, reader: Reader): Promise<ReadDocument>
}

interface Reader {
  readonly tenant: string
  readonly signal: AbortSignal
}

interface Asker extends Reader {
  readonly counts: Counts
}

/** What the images and files of one request come to. */
interface Counts {
  /** @throws GatewayError where the files have more pages than may be. */
  addPages(pages: number, place: string): void
  /** @throws GatewayError where they are larger than may be, or all turns together hold too much. */
  addBytes(bytes: number, place: string): void
}

function createCounts(share: ByteShare): Counts {
  let allPages = 0
  let allBytes = 0
  return {
    addPages(pages, place) {
      allPages += pages
      const { most } = REQUEST_LIMITS.pages
      if (allPages > most)
        throw refuse(place, `the PDFs of a request may have ${most} pages in all; send fewer`, { retryable: false })
    },
    addBytes(bytes, place) {
      allBytes += bytes
      if (allBytes > REQUEST_LIMITS.attachedBytes.most)
        throw refuse(place, overLimit('attachedBytes', allBytes), { retryable: false })
      if (share.take(bytes)) return
      throw new GatewayError('overloaded', 'The server holds too many images and files at once. Try again later.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    },
  }
}

/** Of the images and files of all turns, waiting and under way. */
const MAX_HELD_BYTES = 8 * REQUEST_LIMITS.attachedBytes.most
const RETRY_AFTER_SECONDS = 2

const bytesOf = (base64: string): number => Math.ceil(base64.length * 0.75)
const sizeOf = (document: Document): number =>
  document.mediaType === 'text/plain' ? document.text.length : bytesOf(document.base64)

/** One answer for all that may stand in the way; whether to try again is told by the code. */
const refuse = (place: string, problem: string, { retryable, cause }: { retryable: boolean; cause?: unknown }) =>
  new GatewayError(retryable ? 'picture_unavailable' : 'invalid_request', `\`${place}\`: ${problem}.`, {
    param: place,
    cause,
  })

/** The same engine for histories whose pictures are still where their addresses say, and whose files were not looked at. */
export function withPictures(engine: TurnEngine, fetcher: PictureFetcher, carried: CarriedReader): TurnEngine {
  const budget = createByteBudget({ most: MAX_HELD_BYTES })

  async function resolvePart(part: Part, { tenant, signal, counts }: Asker): Promise<Part> {
    if (part.type === 'file') {
      const read = await carried.file({ data: part.data, name: part.name }, { tenant, signal })
      if (!read.ok) throw refuse(part.place, read.problem, { retryable: false })
      counts.addPages(read.pages, part.place)
      counts.addBytes(sizeOf(read.document), part.place)
      return { type: 'document', document: read.document }
    }
    if (part.type !== 'linked-picture') return part
    const { url, place } = part
    if (/^data:/i.test(url)) {
      const decoded = await carried.image(url, { tenant, signal })
      if (!decoded.ok) throw refuse(place, decoded.problem, { retryable: false })
      counts.addBytes(bytesOf(decoded.image.base64), place)
      return { type: 'picture', picture: decoded.image }
    }
    try {
      const picture = await fetcher.fetch(url, { scope: tenant, signal })
      counts.addBytes(bytesOf(picture.base64), place)
      return { type: 'picture', picture }
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
  async function resolveAll({ tenant, history }: TurnRequest, share: ByteShare, signal: AbortSignal): Promise<History> {
    const failed = new AbortController()
    const asker: Asker = { tenant, signal: AbortSignal.any([signal, failed.signal]), counts: createCounts(share) }
    try {
      return await Promise.all(history.map((message) => resolveMessage(message, asker)))
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }

  return {
    async *run(request, { signal }) {
      using share = budget.open(request.tenant)
      yield* engine.run({ ...request, history: await resolveAll(request, share, signal) }, { signal })
    },
  }
}
