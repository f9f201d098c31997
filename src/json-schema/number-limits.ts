import type { Limit } from './limits.ts'
import { numberAt, type Schema } from './schema-part.ts'
import { ANY_KIND, FRACTION, INTEGER, NO_KIND } from './value-kinds.ts'

interface Bound {
  readonly keyword: string
  readonly value: number
  readonly isOut: boolean
}

/** The bound on one side; of two the narrower. `exclusive…: true` beside a bound is how draft 4 and OpenAPI 3.0 say it. */
function boundOf(schema: Schema, inner: string, outer: string, sign: 1 | -1): Bound | undefined {
  const [within, beyond] = [numberAt(schema, inner), numberAt(schema, outer)]
  if (within === undefined || (beyond !== undefined && beyond * sign >= within * sign)) {
    return beyond === undefined ? undefined : { keyword: outer, value: beyond, isOut: true }
  }
  return { keyword: inner, value: within, isOut: schema[outer] === true }
}

/** What a range of numbers leaves: no number, whole numbers only, or none that is whole. */
export function* numberLimits(schema: Schema): Generator<Limit> {
  const least = boundOf(schema, 'minimum', 'exclusiveMinimum', 1)
  const most = boundOf(schema, 'maximum', 'exclusiveMaximum', -1)
  if (least === undefined || most === undefined) return
  const at = [least.keyword]
  const isEmpty = least.value > most.value || (least.value === most.value && (least.isOut || most.isOut))
  if (isEmpty) {
    yield { kinds: ANY_KIND & ~(INTEGER | FRACTION), at, problem: `leaves no number below \`${most.keyword}\`` }
    return
  }
  const first = least.isOut ? Math.floor(least.value) + 1 : Math.ceil(least.value)
  const last = most.isOut ? Math.ceil(most.value) - 1 : Math.floor(most.value)
  const withoutWhole = first > last ? INTEGER : NO_KIND
  const onlyWhole = least.value === most.value && withoutWhole === NO_KIND ? FRACTION : NO_KIND
  const problem = `leaves no number of the \`type\` that is asked for below \`${most.keyword}\``
  yield { kinds: ANY_KIND & ~(withoutWhole | onlyWhole), at, problem }
}
