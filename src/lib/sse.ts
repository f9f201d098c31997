/**
 * One server-sent event as text, ready for the socket: `data: <data>\n\n`, preceded by `event: <event>` where one is given.
 * `data` must hold no line break (JSON never does). Source: the WHATWG HTML standard, "Server-sent events".
 */
export const encodeSseEvent = (data: string, event?: string): string =>
  event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`

/** A comment, which every client ignores and every proxy counts as traffic. */
export const encodeSseComment = (comment: string): string => `: ${comment}\n\n`
