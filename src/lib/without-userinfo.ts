/** Text with the names and passwords of addresses in it left out: `https://me:secret@host/x` → `https://…@host/x`. */
export const withoutUserinfo = (text: string): string => text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1…@')
