/**
 * The text of a configuration file of git: `['remote.origin.url', '/x']` a line. Addresses and names of branches go to git
 * in a file, since arguments can be seen by everybody on the machine.
 */
export const gitConfig = (entries: readonly (readonly [name: string, value: string])[]): string =>
  entries
    .map(([name, value]) => {
      const [section = '', ...rest] = name.split('.')
      const key = rest.pop() ?? ''
      const heading = rest.length === 0 ? `[${section}]` : `[${section} "${rest.join('.')}"]`
      return `${heading}\n\t${key} = "${value.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"\n`
    })
    .join('')
