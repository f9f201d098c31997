/** For each key the newest stands: one that enters takes the place of the one before. */
export interface Newest {
  /**
   * `order` grows with newness. `replaced` is called when a newer one enters under the same key, at once where one is there
   * already; disposing of the answer leaves.
   */
  enter(key: string, order: number, replaced: () => void): Disposable
}

export function createNewest(): Newest {
  const holders = new Map<string, { readonly order: number; readonly replaced: () => void }>()
  return {
    enter(key, order, replaced) {
      const before = holders.get(key)
      const holder = { order, replaced }
      if (before !== undefined && before.order > order) replaced()
      else {
        holders.set(key, holder)
        before?.replaced()
      }
      return {
        [Symbol.dispose]() {
          if (holders.get(key) === holder) holders.delete(key)
        },
      }
    },
  }
}
