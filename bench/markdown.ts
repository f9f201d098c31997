/** The report as Markdown. */
import { COLUMNS, type Column } from './columns.ts'
import {
  formatBytes,
  formatExactMs,
  formatMiB,
  formatMs,
  formatSpread,
  formatTimes,
  NOT_MEASURED,
  table,
} from './format.ts'
import type { Cell } from './figures.ts'
import type { Report } from './report.ts'
import { ENGINES, ROWS, type RowName } from './rows.ts'

export function toMarkdown(report: Report): string {
  const { command, at, tookSeconds, machine } = report
  const { cores, processor, memoryGiB, system, node, cli } = machine
  return [
    `\`${command}\`, ${at.slice(0, 16).replace('T', ' ')} UTC, ${tookSeconds} s. ` +
      `${cores} cores (${processor}), ${memoryGiB} GiB, ${system}, Node ${node}, Claude Code CLI ${cli}; model delay 0 ms.`,
    '### Time to the first token, p50 / p95',
    firstTokens(report, 'talk'),
    '### Functions and answers to a schema, p50 / p95',
    firstTokens(report, 'contract'),
    roundTripBesideTurns(report),
    samples(report),
    '### Beside that',
    costs(report),
    '### A quiet tenant beside a loud one: its time to the first token, p50 / p95',
    sharing(report),
    '### Goals',
    goals(report),
  ].join('\n\n')
}

function firstTokens({ cells }: Report, of: Column['table']): string {
  const columns = COLUMNS.filter((column) => column.table === of)
  const rowOf = (title: string, tell: (column: Column) => string): readonly string[] => [title, ...columns.map(tell)]
  return table([
    rowOf('', ({ title }) => title),
    ...ROWS.map((row) => rowOf(row, ({ name }) => formatSpread(cells[row][name].firstTokenMs))),
    rowOf('cold : warm', ({ name }) => formatTimes(cells.warm[name].timesFasterThanCold)),
    rowOf('cold : direct', ({ name }) => formatTimes(cells.cold[name].timesDirect)),
    rowOf('warm : direct', ({ name }) => formatTimes(cells.warm[name].timesDirect)),
  ])
}

const sharing = ({ sharing: { alone, besideChat, besideJobs } }: Report): string =>
  table([
    ['', 'first token', 'p95 beside alone'],
    ['alone', formatSpread(alone), ''],
    ['beside 20 callers of a loud tenant', formatSpread(besideChat), ratio(besideChat?.p95, alone?.p95)],
    ['beside 20 jobs of a loud tenant', formatSpread(besideJobs), ratio(besideJobs?.p95, alone?.p95)],
  ])

/** Two requests to the model each, the second of them a turn's next. */
const roundTripBesideTurns = ({ cells }: Report): string =>
  `The round trip beside two plain turns: ${ROWS.map((row) => {
    const { 'round-trip': trip, 'two-turns': turns } = cells[row]
    return `${row} ${ratio(trip.firstTokenMs?.p50, turns.firstTokenMs?.p50)}`
  }).join(', ')}.`

const samples = ({ cells }: Report): string => {
  const of = (row: RowName): string => COLUMNS.map(({ name }) => cells[row][name].firstTokenMs?.samples ?? 0).join(', ')
  return `Samples by column: ${ROWS.map((row) => `${row} ${of(row)}`).join('; ')}.`
}

interface Measure {
  readonly what: string
  readonly value: (row: RowName) => number | undefined
  readonly format: (value: number) => string
  /** In place of the value alone. */
  readonly shown?: (row: RowName) => string
}

const ratio = (above: number | undefined, below: number | undefined): string =>
  above === undefined || below === undefined ? NOT_MEASURED : formatTimes(above / below)

function costs({ cells, engines, cliLineMs, defaultBesideBytes }: Report): string {
  const cell = (column: keyof (typeof cells)['warm'], row: RowName): Cell => cells[row][column]
  const engine = (row: RowName) => (row === 'direct' ? undefined : engines[row])
  const closing = (what: string, column: 'barge-in' | 'barge-in-10'): Measure => ({
    what,
    value: (row) => cell(column, row).closeMs?.p50,
    format: formatMs,
    shown: (row) => formatSpread(cell(column, row).closeMs),
  })
  const cpu = (what: string, column: keyof (typeof cells)['warm']): Measure => ({
    what,
    value: (row) => cell(column, row).cpuMsPerTurn,
    format: formatMs,
  })
  const beside = (what: string, column: keyof (typeof cells)['warm']): Measure => ({
    what,
    value: (row) => cell(column, row).besideBytesPerTurn,
    format: formatBytes,
    shown: (row) =>
      `${formatBytes(cell(column, row).besideBytesPerTurn)} + ${formatBytes(cell(column, row).callerBytesPerTurn)}`,
  })
  const measures: readonly Measure[] = [
    {
      what: 'turns per second, fresh, 10 at once',
      value: (row) => cell('fresh-10', row).turnsPerSecond,
      format: (value) => value.toFixed(1),
    },
    beside('bytes upstream per turn + the caller’s own, fresh', 'fresh'),
    beside('the same, next turn', 'next'),
    beside('the same, 50 messages', 'history'),
    closing('client close to upstream closed, p50 / p95', 'barge-in'),
    closing('the same, 10 at once', 'barge-in-10'),
    {
      what: 'a relayed token, p50 / p95',
      value: (row) => engine(row)?.relayedTokenMs?.p50,
      format: formatMs,
      shown: (row) => formatSpread(engine(row)?.relayedTokenMs),
    },
    { what: 'added to the CLI’s own line', value: (row) => engine(row)?.addedPerTokenMs, format: formatMs },
    cpu('processor time per turn, fresh', 'fresh'),
    cpu('the same, next turn', 'next'),
    cpu('the same, fresh, 10 at once', 'fresh-10'),
    { what: 'memory per idle process', value: (row) => engine(row)?.idleProcessMiB, format: formatMiB },
    { what: 'memory of the gateway', value: (row) => engine(row)?.gatewayMiB, format: formatMiB },
  ]
  const rows = measures.map(({ what, value, format, shown }) => {
    const plain = (row: RowName): string => {
      const measured = value(row)
      return measured === undefined ? NOT_MEASURED : format(measured)
    }
    return [
      what,
      ...ROWS.map(shown ?? plain),
      ratio(value('cold'), value('warm')),
      ...ENGINES.map((engine) => ratio(value(engine), value('direct'))),
    ]
  })
  return [
    table([['', ...ROWS, 'cold : warm', 'cold : direct', 'warm : direct'], ...rows]),
    `The CLI's own line: ${formatSpread(cliLineMs)}. The CLI with its default arguments sends ${formatBytes(defaultBesideBytes)} ` +
      `beside the prompt. Idle processes at the end: ${engines.warm.idleProcesses}.`,
  ].join('\n\n')
}

const goals = ({ goals }: Report): string =>
  table([
    ['warm', 'wanted', 'measured', ''],
    ...goals.map(({ what, wanted, measured, unit, met }) => [
      what,
      wanted,
      unit === 'ms' ? formatExactMs(measured) : formatTimes(measured),
      met ? 'met' : 'missed',
    ]),
  ])
