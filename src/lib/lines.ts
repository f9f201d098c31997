export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError'
}

/**
 * The lines of a byte stream as UTF-8 text, without their line feeds and without empty lines, however the bytes are cut.
 * A last line that has no line feed counts. Pulled: nothing is read ahead of what the caller asks for.
 * @throws LineTooLongError when a line passes `maxBytes`; nothing more can be read then.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes }: { readonly maxBytes: number },
): AsyncGenerator<string, void, undefined> {
  let pieces: Uint8Array[] = []
  let held = 0
  const hold = (piece: Uint8Array): void => {
    held += piece.byteLength
    if (held > maxBytes) throw new LineTooLongError(`a line is longer than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  const take = (): string => {
    const line = Buffer.concat(pieces).toString('utf8')
    pieces = []
    held = 0
    return line
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      hold(chunk.subarray(from, at))
      from = at + 1
      const line = take()
      if (line !== '') yield line
    }
    if (from < chunk.byteLength) hold(chunk.subarray(from))
  }
  const last = take()
  if (last !== '') yield last
}
