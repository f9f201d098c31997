import type { Admission, Slot } from '../../src/access/index.ts'

/** Takes a slot as a chat turn of some tenant does. */
export const takeSlot = (
  admission: Admission,
  {
    tenant = 'default',
    signal = new AbortController().signal,
  }: { readonly tenant?: string; readonly signal?: AbortSignal } = {},
): Promise<Slot> => admission.enter({ tenant, kind: 'chat', signal })
