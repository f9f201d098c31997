import type { Agent } from 'node:http'
import type { Reply } from '../oracle/judge-reply.ts'
import type { FuzzCase } from './fuzz-case.ts'
import { playHttp } from './play-http.ts'
import { playWire } from './play-wire.ts'

/** What came of a case. */
export interface Played {
  readonly replies: readonly Reply[]
  /** Why there is no more, where that is not as it should be. */
  readonly problem: string | undefined
}

export interface PlayOptions {
  readonly url: string
  readonly agent: Agent
  /** Longer than any reply may take. */
  readonly boundMs: number
}

/** Plays a case to its end, or to the bound. Never rejects. */
export const play = ({ play: played, due, least }: FuzzCase, options: PlayOptions): Promise<Played> => {
  switch (played.type) {
    case 'http':
      return playHttp(played, options)
    case 'wire':
      return playWire(played, { due, least }, options)
  }
}
