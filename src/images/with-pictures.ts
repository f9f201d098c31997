import {
  GatewayError,
  type History,
  type Message,
  type Part,
  type TurnEngine,
  type TurnRequest,
} from '../core/index.ts'
import { OutboundError } from '../outbound/index.ts'
import { decodeDataUrl } from './data-url.ts'
import type { PictureFetcher } from './picture-fetcher.ts'

interface Asker {
  readonly tenant: string
  readonly signal: AbortSignal
}

/** One answer for all that may stand in the way; whether to try again is told by the code. */
const refuse = (place: string, problem: string, { retryable, cause }: { retryable: boolean; cause?: unknown }) =>
  new GatewayError(retryable ? 'picture_unavailable' : 'invalid_request', `\`${place}\`: ${problem}.`, {
    param: place,
    cause,
  })

/** The same engine for histories whose pictures are still where their addresses say. */
export function withPictures(engine: TurnEngine, fetcher: PictureFetcher): TurnEngine {
  async function resolvePart(part: Part, { tenant, signal }: Asker): Promise<Part> {
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
    const asker: Asker = { tenant, signal: AbortSignal.any([signal, failed.signal]) }
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
