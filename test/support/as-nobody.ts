/**
 * Gives up the rights of root, whom no mode of a file keeps out, until it is disposed of; for the whole process and what it
 * starts (a shell with `-p`, else it takes them back). Anybody else stays who they are.
 */
export function asNobody(): Disposable {
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  return {
    [Symbol.dispose]() {
      if (isRoot) process.seteuid?.(0)
    },
  }
}
