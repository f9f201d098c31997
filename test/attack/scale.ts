/** Attacks run in full with `npm run attack`; `ATTACK=short` makes them as small as still shows what they show. */
const isShort = process.env['ATTACK'] === 'short'

/** A size or a duration of an attack, in its full and its short form. */
export const scaled = ({ full, short }: { readonly full: number; readonly short: number }): number =>
  isShort ? short : full
