/** The marks by which texts of a conversation are told from those of all others. */

export const markerOf = (conversation: number): string => `⟦c${conversation}⟧`

/** Parts a text into marks and what is between them. */
export const MARKER = /(⟦c\d+⟧)/

/** The conversations whose marks the text bears, each once. */
export const conversationsIn = (text: string): readonly number[] => [
  ...new Set([...text.matchAll(/⟦c(\d+)⟧/g)].map(([, digits]) => Number(digits))),
]
