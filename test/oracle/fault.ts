const MAX_SHOWN = 300

/** A sentence about something, with the thing itself, shortened. */
export const fault = (sentence: string, thing: string): string =>
  `${sentence}: ${thing.length > MAX_SHOWN ? `${thing.slice(0, MAX_SHOWN)}… (${thing.length} characters)` : thing}`

/** The value of a JSON text, or `undefined` where it is none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Whether it is a JSON object. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
