/** For each key the newest holder stands; entering takes the place of the one before. */
export interface Newest {
  /** `replaced` is called when a newer one enters under the same key; disposing of the answer leaves. */
  enter(key: string, replaced: () => void): Disposable
}

export function createNewest(): Newest {
  const holders = new Map<string, () => void>()
  return {
    enter(key, replaced) {
      holders.get(key)?.()
      holders.set(key, replaced)
      return {
        [Symbol.dispose]() {
          if (holders.get(key) === replaced) holders.delete(key)
        },
      }
    },
  }
}
