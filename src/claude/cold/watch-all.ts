/** Watches a directory; aborts once it is larger than it may be. */
export type Watch = (directory: string) => AsyncDisposable & { readonly overgrown: AbortSignal }

/** Watches each of them; aborts as the first does. */
export function watchAll(directories: readonly string[], watch: Watch | undefined): ReturnType<Watch> {
  const watches = watch === undefined ? [] : directories.map(watch)
  return {
    overgrown: AbortSignal.any(watches.map(({ overgrown }) => overgrown)),
    async [Symbol.asyncDispose]() {
      await Promise.all(watches.map((one) => one[Symbol.asyncDispose]()))
    },
  }
}
