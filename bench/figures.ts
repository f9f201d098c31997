/** From what was measured to the figures that are shown; pure. */
import type { Block } from './block.ts'
import { COLUMNS, type ColumnName } from './columns.ts'
import { ENGINES, ROWS, type EngineName, type RowName } from './rows.ts'
import type { Measured } from './run.ts'
import type { Sharing } from './sharing.ts'
import { percentile, spreadOf, type Spread } from './statistics.ts'

/** One row in one column. Ratios are of the p50 of the time to the first token. */
export interface Cell {
  readonly firstTokenMs: Spread | undefined
  readonly timesFasterThanCold: number
  readonly timesDirect: number
  readonly turnsPerSecond: number
  readonly upstreamBytesPerTurn: number
  readonly callerBytesPerTurn: number
  /** Sent upstream beside the caller's texts. */
  readonly besideBytesPerTurn: number
  readonly cpuMsPerTurn: number | undefined
  /** From the client's close to that of the request upstream. */
  readonly closeMs: Spread | undefined
}

export interface EngineFigures {
  /** From the CLI's being handed a token to the client's having it. */
  readonly relayedTokenMs: Spread | undefined
  /** Of that, what is beyond the CLI's own line; of the p50. */
  readonly addedPerTokenMs: number
  readonly idleProcesses: number
  readonly idleProcessMiB: number | undefined
  readonly gatewayMiB: number | undefined
}

export interface Figures {
  /** The time to the first token of a quiet tenant. */
  readonly sharing: Sharing
  readonly cells: Readonly<Record<RowName, Readonly<Record<ColumnName, Cell>>>>
  readonly engines: Readonly<Record<EngineName, EngineFigures>>
  /** From the CLI's being handed a token to the end of its line, without a gateway. */
  readonly cliLineMs: Spread | undefined
  /** What the CLI with its default arguments sends beside the prompt. */
  readonly defaultBesideBytes: number
}

const p50Of = (block: Block): number => percentile(block.firstTokenMs, 0.5)

export function toFigures({ columns, memory, relayedToken, sharing, defaultBytes }: Measured): Figures {
  const cellOf = (row: RowName, column: ColumnName): Cell => {
    const block = columns[row][column]
    const { turns, elapsedMs, upstreamBytes, callerBytes, cpuMs } = block
    return {
      firstTokenMs: spreadOf(block.firstTokenMs),
      timesFasterThanCold: p50Of(columns.cold[column]) / p50Of(block),
      timesDirect: p50Of(block) / p50Of(columns.direct[column]),
      turnsPerSecond: (turns * 1000) / elapsedMs,
      upstreamBytesPerTurn: upstreamBytes / turns,
      callerBytesPerTurn: callerBytes / turns,
      besideBytesPerTurn: (upstreamBytes - callerBytes) / turns,
      cpuMsPerTurn: cpuMs === undefined ? undefined : cpuMs / turns,
      closeMs: spreadOf(block.closeMs),
    }
  }
  const engineOf = (engine: EngineName): EngineFigures => {
    const relayedTokenMs = relayedToken.engines[engine]
    const { gateway, processes } = memory[engine]
    return {
      relayedTokenMs,
      addedPerTokenMs: (relayedTokenMs?.p50 ?? Number.NaN) - (relayedToken.alone?.p50 ?? Number.NaN),
      idleProcesses: processes.length,
      idleProcessMiB: spreadOf(processes)?.p50,
      gatewayMiB: gateway,
    }
  }
  const cells = ROWS.map((row) => [row, Object.fromEntries(COLUMNS.map(({ name }) => [name, cellOf(row, name)]))])
  const engines = ENGINES.map((engine) => [engine, engineOf(engine)])
  return {
    cells: Object.fromEntries(cells) as Figures['cells'],
    engines: Object.fromEntries(engines) as Figures['engines'],
    sharing,
    cliLineMs: relayedToken.alone,
    defaultBesideBytes: defaultBytes,
  }
}
