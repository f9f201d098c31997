/**
 * The oldest version of which it is known that its file tools refuse a file that was exchanged between the look at the
 * permission and the use ("its symlink resolution changed after permission was checked"). Measured with a program that
 * exchanges directories for links to the login while `Read`, `Grep` and `Glob` run beside it: 2.1.330 leaked in none of the
 * runs, 2.1.197 in each. Versions between the two were not tried, so they count as those that leak.
 */
const GUARDED = [2, 1, 330] as const

/** Whether the file tools of this version of the CLI refuse what a program exchanges for a link while they run. */
export function refusesExchangedFiles(version: string): boolean {
  const parts = version.split('.').map(Number)
  const differing = GUARDED.findIndex((part, index) => parts[index] !== part)
  return differing === -1 || (parts[differing] ?? 0) > (GUARDED[differing] ?? 0)
}
