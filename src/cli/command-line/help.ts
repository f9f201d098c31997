import { isGroup, type Command, type CommandGroup, type Option } from './command.ts'

const WIDTH = 80
const MAX_COLUMN = 28

/** Words in lines of at most `width` columns, the indent of all but the first among them; a line break stays. */
export function wrap(text: string, indent = '', width = WIDTH): string {
  return text
    .split('\n')
    .map((paragraph) => {
      const lines: string[] = []
      let line = ''
      for (const word of paragraph.split(' ')) {
        if (line !== '' && indent.length + line.length + 1 + word.length > width) {
          lines.push(line)
          line = word
        } else line = line === '' ? word : `${line} ${word}`
      }
      return [...lines, line].join(`\n${indent}`)
    })
    .join(`\n${indent}`)
}

/** Two columns; a first cell that is too long has a line of its own. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const longest = Math.max(...rows.map(([first]) => first.length).filter((length) => length <= MAX_COLUMN))
  const indent = ' '.repeat(longest + 4)
  return rows
    .map(([first, second]) =>
      first.length > longest
        ? `  ${first}\n${indent}${wrap(second, indent)}\n`
        : `  ${first.padEnd(longest)}  ${wrap(second, indent)}\n`,
    )
    .join('')
}

const labelOf = (name: string, { short, value }: Option): string =>
  `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`

const HELP: Option = { type: 'boolean', short: 'h', help: 'Print this help' }

const examplesOf = (examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((example) => `  ${example}\n`).join('')}`

export const usageOf = (entry: Command | CommandGroup): string =>
  isGroup(entry)
    ? `usage: ${['vivavoce', entry.name].join(' ').trim()} <command> [options]\n`
    : `usage: vivavoce ${entry.name} [options]${entry.positionals === undefined ? '' : ` ${entry.positionals}`}\n`

export function helpOf(entry: Command | CommandGroup): string {
  const head = `${usageOf(entry)}\n${wrap(entry.description)}\n\n`
  if (isGroup(entry)) {
    const prefix = entry.name === '' ? 'vivavoce' : `vivavoce ${entry.name}`
    const rows = entry.commands.map((command) => {
      const own = command.name.slice(entry.name === '' ? 0 : entry.name.length + 1)
      const after = isGroup(command) ? '<command>' : command.positionals
      return [after === undefined ? own : `${own} ${after}`, command.summary] as const
    })
    return `${head}Commands:\n${columns(rows)}\nRun \`${prefix} <command> --help\` for the options of a command.\n`
  }
  const options = Object.entries({ ...entry.options, help: HELP })
  const shown = options.flatMap(([name, option]) =>
    option.help === undefined
      ? []
      : [
          [
            labelOf(name, option),
            option.fallback === undefined ? option.help : `${option.help} (${option.fallback})`,
          ] as const,
        ],
  )
  const others = options.filter(([, { help }]) => help === undefined).map(([name]) => `--${name}`)
  const otherText =
    others.length === 0
      ? ''
      : `\nMore options (docs/reference/config.md describes them):\n  ${wrap(others.join(' '), '  ')}\n`
  const notes = entry.notes === undefined ? '' : `\n${wrap(entry.notes)}\n`
  return `${head}Options:\n${columns(shown)}${otherText}${notes}${examplesOf(entry.examples)}`
}
