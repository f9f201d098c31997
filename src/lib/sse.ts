/**
 * One server-sent event as text, ready for the socket: `data: <data>\n\n`, preceded by `event: <event>` where one is given.
 * `data` must hold no line break (JSON never does). Source: the WHATWG HTML standard, "Server-sent events".
 */
export const encodeSseEvent = (data: string, event?: string): string =>
  event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`

/**
 * A comment line. No blank line follows it, because some parsers take every blank line for the end of an event: the
 * comment belongs to the event after it.
 */
export const encodeSseComment = (comment: string): string => `: ${comment}\n`

/** How an event of `encodeSseEvent` without a type starts. JSON may have any white space before it. */
export const SSE_DATA = 'data: '
