/** What a version of the CLI can do with a process that is kept. Found by trying (`probe.ts`), never taken from a version number. */
export interface Abilities {
  /** Earlier messages can be put into the transcript, in their roles: all at once, one user's message after the other, or not. */
  readonly replay: 'bulk' | 'steps' | 'none'
  /** `jump`: back to any user message at once; `steps`: to the newest only, one after the other. */
  readonly rewind: 'jump' | 'steps' | 'none'
  /** A system prompt can be changed: from the next turn on, only while the transcript is empty, or not at all once it is set. */
  readonly systemPrompt: 'live' | 'when-empty' | 'fixed'
  /** The model can be changed, while the transcript is empty. */
  readonly switchModel: boolean
  /** Limits and effort can be set for each turn. */
  readonly liveSettings: boolean
  /** The client's functions can be offered, others for each turn, and what they were called with told in a history. */
  readonly functions: boolean
  /**
   * A note of the machine (its directory, platform, shell and kernel) in what the model is sent: none is sent, the note can be
   * kept out (`seed.ts`), or the note is sent.
   */
  readonly environmentNote: 'absent' | 'removable' | 'sent'
  /** A question that is under way can be ended without ending the process. */
  readonly interrupt: boolean
}
