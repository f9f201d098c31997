import { statSync } from 'node:fs'
import { GatewayError } from '../core/index.ts'
import { resolveCli, type WantedCli } from './locate.ts'

/** Which file a CLI is; a link that leads elsewhere, and a file that was replaced in place, make it another one. */
export interface CliIdentity {
  /** Absolute, links followed. */
  readonly path: string
  readonly inode: bigint
  readonly bytes: bigint
  readonly changedNs: bigint
}

/** Looks where the CLI that is asked for is just now. @throws GatewayError `cli_unavailable` when there is none. */
export function identifyCli(wanted: WantedCli): CliIdentity {
  const path = resolveCli(wanted)
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true })
    return { path, inode: ino, bytes: size, changedNs: mtimeNs }
  } catch (cause) {
    throw new GatewayError('cli_unavailable', 'The Claude Code CLI was removed while it was looked at.', { cause })
  }
}

export const isSameCli = (one: CliIdentity, other: CliIdentity): boolean =>
  one.path === other.path && one.inode === other.inode && one.bytes === other.bytes && one.changedNs === other.changedNs
