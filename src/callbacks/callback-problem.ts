import { OutboundError, readAddress, type PrivateHosts } from '../outbound/index.ts'

const MAX_LENGTH = 2048

/**
 * Why no callback will be sent to that address, as a part of a sentence for the caller; undefined where one may be. Asks
 * nobody: what a name stands for is looked at with each delivery.
 */
export function callbackProblem(
  url: string,
  { privateHosts }: { readonly privateHosts: PrivateHosts },
): string | undefined {
  if (url.length > MAX_LENGTH) return `the address is longer than ${MAX_LENGTH} characters`
  if (!/^https?:\/\//i.test(url)) return 'the address does not begin with http:// or https://'
  try {
    readAddress(url, { privateHosts })
    return undefined
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    return error.problem
  }
}
