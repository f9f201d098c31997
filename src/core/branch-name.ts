const MAX_NAME_BYTES = 255

/** Whether git takes the text as the name of a branch; the rules are those of git-check-ref-format(1), with `--branch`. */
export function isBranchName(text: string): boolean {
  return (
    text !== '' &&
    text.isWellFormed() &&
    Buffer.byteLength(text) <= MAX_NAME_BYTES &&
    // oxlint-disable-next-line no-control-regex
    !/[\u0000- \u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$/.test(text) &&
    text !== '@' &&
    text !== 'HEAD' &&
    text.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
  )
}

const matches = (text: string, pattern: string): boolean => {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  if (tail === undefined) return text === pattern
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false
  const end = text.length - tail.length
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

/** Whether a branch of that name may be pushed: one of the patterns fits it, in which `*` stands for any text. */
export const mayPush = (branch: string, patterns: readonly string[]): boolean =>
  isBranchName(branch) && patterns.some((pattern) => matches(branch, pattern))
