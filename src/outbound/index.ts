export { exchange } from './exchange.ts'
export { OutboundError } from './outbound-error.ts'
export { openTarget, readAddress, systemLookup, type Lookup, type PrivateHosts, type TargetRules } from './target.ts'
