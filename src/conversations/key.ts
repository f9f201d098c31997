import type { ConversationName } from '../core/index.ts'

/** A tenant and an id as one text. */
export const keyOf = ({ tenant, id }: ConversationName): string => JSON.stringify([tenant, id])
