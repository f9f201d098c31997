import { addAbortSignal, Readable } from 'node:stream'
import { CommandError, UsageError } from '../command-error.ts'
import type { World } from '../world.ts'

async function readAll({ stdin, signal }: World): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const input = addAbortSignal(signal, stdin instanceof Readable ? stdin : Readable.from(stdin))
  let text = ''
  try {
    for await (const bytes of input) text += decoder.decode(bytes as Uint8Array, { stream: true })
    return text + decoder.decode()
  } catch (cause) {
    if (cause instanceof TypeError) throw new CommandError('the prompt on stdin is not UTF-8 text', { cause })
    throw cause
  }
}

/** The words of the command line; those of stdin where there are none, or where `-` stands for them. @throws CommandError */
export async function readPrompt(words: readonly string[], world: World): Promise<string> {
  const fromStdin = words.length === 0 || (words.length === 1 && words[0] === '-')
  if (fromStdin && world.stdin.isTTY === true)
    world.stderr.write('the prompt, ended with Ctrl-D on a line of its own:\n')
  const prompt = fromStdin ? await readAll(world) : words.join(' ')
  if (prompt.trim() === '') throw new UsageError('the prompt is empty')
  return prompt
}
