export { openProbe, type Probe } from './probe.ts'
export { openProbeCache, type ProbeCache } from './probe-cache.ts'
