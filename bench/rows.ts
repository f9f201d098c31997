/** What is measured side by side. */
import type { Target } from './ask.ts'
import { chat, messages } from './dialect.ts'
import type { GatewayProcess } from './gateway-process.ts'

/** `direct` asks the rehearsal itself: the floor. `cold` and `warm` are the gateway on one engine and the other. */
export type RowName = 'direct' | EngineName
export type EngineName = 'cold' | 'warm'

export const ENGINES: readonly EngineName[] = ['cold', 'warm']
export const ROWS: readonly RowName[] = ['direct', ...ENGINES]

/** The settings that choose an engine; all others are as they are by default. */
export const ENGINE_SETTINGS: Readonly<Record<EngineName, Readonly<Record<string, string>>>> = {
  cold: { VIVAVOCE_POOL_MAX: '0' },
  warm: {},
}

export interface Row {
  readonly name: RowName
  readonly target: Target
  /** Absent for `direct`. */
  readonly gateway?: GatewayProcess
  /** Whether its turns cost so little that it can take more of them. */
  readonly isCheap: boolean
}

export const directRow = (url: string): Row => ({
  name: 'direct',
  target: { url, dialect: messages },
  isCheap: true,
})

export const engineRow = (name: EngineName, gateway: GatewayProcess): Row => ({
  name,
  target: { url: gateway.url, dialect: chat(gateway) },
  gateway,
  isCheap: name === 'warm',
})
