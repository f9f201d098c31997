import type { Random } from '../soak/random.ts'

/** The body of a request that is in order, with some text of several bytes a character. */
export const goodQuestion = (random: Random): string =>
  JSON.stringify({
    stream: random.chance(0.7),
    messages: [{ role: 'user', content: `кажи точно: 🙂 ${random.pick(['да', 'yes', 'добре 👍'])}` }],
  })
