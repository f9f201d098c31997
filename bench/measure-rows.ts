/** The rows side by side: every column on each of them, in blocks that take turns. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runBlock, together, type Block, type Ground } from './block.ts'
import { COLUMNS, type ColumnName } from './columns.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { childrenOf, memoryMiBOf } from './process-tree.ts'
import { directRow, ENGINES, ENGINE_SETTINGS, engineRow, type EngineName, type Row, type RowName } from './rows.ts'
import { fresh } from './scenarios.ts'
import type { Sizes } from './sizes.ts'

/** In MiB: the gateway, and each process that it keeps waiting; none where it is not told. */
export interface IdleMemory {
  readonly gateway: number | undefined
  readonly processes: readonly number[]
}

export interface MeasuredRows {
  readonly columns: Readonly<Record<RowName, Readonly<Record<ColumnName, Block>>>>
  readonly memory: Readonly<Record<EngineName, IdleMemory>>
}

export interface RowsOptions {
  readonly directory: string
  readonly cliPath: string
  readonly sizes: Sizes
  /** Told what is being done. */
  readonly onProgress: (text: string) => void
}

export async function measureRows(
  ground: Ground,
  { directory, cliPath, sizes, onProgress }: RowsOptions,
): Promise<MeasuredRows> {
  await using stack = new AsyncDisposableStack()
  const rows: Row[] = [directRow(ground.rehearsal.url)]
  for (const name of ENGINES) {
    onProgress(`starting ${name}`)
    const home = join(directory, name)
    mkdirSync(home)
    const settings = ENGINE_SETTINGS[name]
    const { signal, rehearsal } = ground
    const started = await startGatewayProcess({ directory: home, upstream: rehearsal.url, cliPath, settings, signal })
    rows.push(engineRow(name, stack.use(started)))
  }
  for (const row of rows) {
    const conversations = sizes.warmUp * (row.isCheap ? sizes.cheapFactor : 1)
    await runBlock(ground, row, { scenario: fresh, atOnce: 1, conversations })
  }

  const blocks = await measureInTurn(ground, rows, { sizes, onProgress })
  const columnsOf = (row: RowName): Record<ColumnName, Block> =>
    Object.fromEntries(COLUMNS.map(({ name }) => [name, together(blocks.get(`${row} ${name}`) ?? [])])) as Record<
      ColumnName,
      Block
    >
  const memoryOf = (row: RowName): IdleMemory => {
    const pid = rows.find(({ name }) => name === row)?.gateway?.pid
    if (pid === undefined) return { gateway: undefined, processes: [] }
    return { gateway: memoryMiBOf(pid), processes: childrenOf(pid).flatMap((child) => memoryMiBOf(child) ?? []) }
  }
  return {
    columns: { direct: columnsOf('direct'), cold: columnsOf('cold'), warm: columnsOf('warm') },
    memory: { cold: memoryOf('cold'), warm: memoryOf('warm') },
  }
}

/** Blocks of all rows take turns, and so does who begins, so that what else the machine does befalls all of them. */
async function measureInTurn(
  ground: Ground,
  rows: readonly Row[],
  { sizes, onProgress }: Pick<RowsOptions, 'sizes' | 'onProgress'>,
): Promise<ReadonlyMap<string, readonly Block[]>> {
  const measured = new Map<string, Block[]>()
  const rounds = Math.max(...Object.values(sizes.columns).map(({ blocks }) => blocks))
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, title, scenario, atOnce } of COLUMNS) {
      const { blocks, conversations } = sizes.columns[name]
      if (round >= blocks) continue
      for (let place = 0; place < rows.length; place += 1) {
        const row = rows[(place + round) % rows.length]
        if (row === undefined) continue
        onProgress(`round ${round + 1} of ${rounds}: ${title}, ${row.name}`)
        const factor = row.isCheap ? sizes.cheapFactor : 1
        const block = await runBlock(ground, row, { scenario, atOnce, conversations: conversations * factor })
        const key = `${row.name} ${name}`
        measured.set(key, [...(measured.get(key) ?? []), block])
      }
    }
  }
  return measured
}
