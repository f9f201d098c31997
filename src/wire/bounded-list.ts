import { z } from 'zod'
import { overLimit, REQUEST_LIMITS, type RequestLimitName } from '../core/index.ts'
import { plainMessage } from './problem.ts'

/** A list that is read element by element up to its first fault, so that a fault costs no more than what stands before it. */
export const boundedList = <T extends z.ZodType>(
  element: T,
  { limit, expected = 'an array is expected' }: { readonly limit: RequestLimitName; readonly expected?: string },
) =>
  z.array(z.unknown(), expected).transform((list, context): readonly z.output<T>[] => {
    if (list.length > REQUEST_LIMITS[limit].most) {
      context.addIssue({ code: 'custom', message: overLimit(limit, list.length) })
      return z.NEVER
    }
    const read: z.output<T>[] = []
    for (const [index, given] of list.entries()) {
      const parsed = element.safeParse(given, { error: plainMessage })
      if (!parsed.success) {
        const [issue] = parsed.error.issues
        // The issue keeps its code, for a choice of forms is told from it.
        if (issue !== undefined) {
          const placed = { ...issue, path: [index, ...issue.path], input: given }
          context.issues.push(placed as z.core.$ZodRawIssue)
        }
        return z.NEVER
      }
      read.push(parsed.data)
    }
    return read
  })

/** An object whose keys are not looked at. */
export const anyObject = (expected: string) =>
  z.custom<Readonly<Record<string, unknown>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    expected,
  )
