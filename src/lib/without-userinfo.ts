/**
 * Text with the names and passwords of addresses in it left out: `https://me:secret@host/x` → `https://…@host/x`. Up to the
 * last `@` before white space: a password may hold whatever it likes, and rather too much is left out than too little.
 */
export const withoutUserinfo = (text: string): string => text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1…@')
