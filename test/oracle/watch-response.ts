import type { Reply } from './judge-reply.ts'

/**
 * The same response, of which `seen` gets what its reader read, once that is at its end or the reader leaves. For apps
 * that are asked without a server between; a body is pulled as if nobody looked.
 */
export function watchResponse(request: Request, response: Response, seen: (reply: Reply) => void): Response {
  const { method, url, signal } = request
  const { status } = response
  const chunks: Uint8Array[] = []
  const over = (left: boolean): void =>
    seen({
      method,
      path: new URL(url).pathname,
      status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.concat(chunks),
      left: left || signal.aborted,
    })
  if (response.body === null) {
    over(false)
    return response
  }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) {
          controller.close()
          over(false)
          return
        }
        chunks.push(value)
        controller.enqueue(value)
      },
      async cancel(reason) {
        over(true)
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, response)
}
