import { GatewayError, type ConversationStore, type Stores } from '../core/index.ts'

/** `OpenStores`, as far as it matters here. */
export type OpenStore = () => Promise<Pick<Stores, 'conversations'>>

/** A store that is opened when it is first used; `opened` is called whenever it is. All its failures are `store_unavailable`. */
export function storeOnUse(stores: OpenStore, opened: () => void): ConversationStore {
  async function use<T>(work: (store: ConversationStore) => Promise<T>): Promise<T> {
    try {
      const { conversations } = await stores()
      opened()
      return await work(conversations)
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause
      throw new GatewayError('store_unavailable', 'The store of conversations does not answer. Try again.', { cause })
    }
  }
  return {
    get: (name) => use((store) => store.get(name)),
    list: (tenant, options) => use((store) => store.list(tenant, options)),
    claim: (name, options) => use((store) => store.claim(name, options)),
    extend: (claim, options) => use((store) => store.extend(claim, options)),
    append: (claim, turn) => use((store) => store.append(claim, turn)),
    release: (claim) => use((store) => store.release(claim)),
    delete: (claim) => use((store) => store.delete(claim)),
    deleteIdle: (options) => use((store) => store.deleteIdle(options)),
  }
}
