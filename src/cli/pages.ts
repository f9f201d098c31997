import { CommandError } from './command-error.ts'

/** What a server gives at most at once. */
const MAX_PAGE = 200

interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

export interface PageQuery {
  readonly limit: number
  readonly after: string | undefined
}

/** Page after page until `limit` items were given; `more` tells whether there are others behind these. */
export async function* pages<Item>(
  ask: (query: PageQuery) => Promise<Page<Item>>,
  { limit }: { readonly limit: number },
): AsyncGenerator<{ readonly items: readonly Item[]; readonly more: boolean }> {
  let left = limit
  let after: string | undefined
  for (;;) {
    const { items, next } = await ask({ limit: Math.min(left, MAX_PAGE), after })
    left -= items.length
    yield { items: left < 0 ? items.slice(0, left) : items, more: next !== null || left < 0 }
    if (next === null || left <= 0) return
    if (next === after)
      throw new CommandError('the server gives the same page again and again', { code: 'unexpected_reply' })
    after = next
  }
}
