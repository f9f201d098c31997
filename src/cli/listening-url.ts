/** Hosts that stand for every address of the machine, and the one by which a program on it reaches them. */
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]', '[::]': '[::1]' }

export const isEverywhere = (host: string): boolean => host in EVERYWHERE

/** How a program on this machine reaches a server that listens there. */
export function listeningUrl(host: string, port: number): string {
  const name = EVERYWHERE[host] ?? host
  return `http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`
}
