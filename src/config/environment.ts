export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this program, as it was at the call. */
export const readEnvironment = (): Environment => ({ ...process.env })
