/** Frames as the response of a request, and the end of its connection when the client takes nothing. */
import type { Context } from 'hono'
import type { AppDeps, AppEnv } from './deps.ts'
import { eventStream, type EventStreamOptions, type Frames } from './event-stream.ts'

export function streamResponse(
  c: Context<AppEnv>,
  frames: AsyncIterator<Frames, void>,
  {
    clock,
    keepAliveMs,
    writeTimeoutMs,
    observer,
    background,
    ...options
  }: Pick<AppDeps, 'clock' | 'keepAliveMs' | 'writeTimeoutMs' | 'observer' | 'background'> &
    Pick<EventStreamOptions, 'keepAlive' | 'headers'>,
): Response {
  const bindings: AppEnv['Bindings'] | undefined = c.env
  const { response, streamed } = eventStream(frames, {
    ...options,
    clock,
    keepAliveMs,
    writeTimeoutMs,
    stalled() {
      observer.observe({ type: 'client-stalled', requestId: c.get('requestId'), ms: writeTimeoutMs })
      // From here on it is a client that leaves: the close of the connection stops whatever works for it.
      bindings?.incoming?.socket.destroy()
    },
    settle: background.run,
  })
  c.set('streamed', streamed)
  return response
}
