/** What all conversations of a soak share. */
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { PersonaMode } from './wanted.ts'

export interface Tenant {
  readonly name: string
  readonly key: string
}

/** An agent without tools. */
export interface Talker {
  readonly name: string
  readonly persona: string
}

export interface World {
  readonly url: string
  readonly tenants: readonly [Tenant, ...Tenant[]]
  /** The one that answers where none is named comes first. */
  readonly talkers: readonly [Talker, ...Talker[]]
  readonly personaMode: PersonaMode
  readonly ledger: Ledger
  /** Hears of every turn that is over. */
  readonly turnOver: () => void
}

/** One conversation, by its number; its chance is its own. */
export interface Part {
  readonly conversation: number
  readonly random: Random
  readonly tenant: Tenant
  /** The same for a conversation of each tenant, so that it must not matter. */
  readonly name: string
}
