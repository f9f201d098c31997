import type { Config } from '../../src/config/index.ts'
import { startGateway, type Gateway, type GatewayOptions } from '../../src/main.ts'

/** Starts a gateway and waits until it serves turns. @throws what starting throws, or why its CLI is not served; nothing is left then. */
export async function startReadyGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const gateway = await startGateway(config, options)
  try {
    await gateway.ready
    return gateway
  } catch (error) {
    await gateway.close()
    throw error
  }
}
