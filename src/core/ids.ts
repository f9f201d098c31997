import { randomUUID } from 'node:crypto'

/** A new id such as `chatcmpl-3f2a…`, unguessable. */
export const newId = (prefix: string): string => `${prefix}${randomUUID().replaceAll('-', '')}`
