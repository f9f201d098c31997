import { GatewayError, shown, type PageOptions } from '../core/index.ts'

const MAX_LIMIT = 200
const DEFAULT_LIMIT = 50

/** Which part of a list is asked for, `?limit=&after=`. @throws GatewayError `invalid_request` that names the parameter. */
export function parsePageQuery({ limit, after }: Readonly<Record<string, string>>): PageOptions {
  if (limit !== undefined && !(/^\d{1,3}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= MAX_LIMIT)) {
    throw new GatewayError(
      'invalid_request',
      `\`limit\`: a whole number from 1 to ${MAX_LIMIT} is expected, not \`${shown(limit)}\`.`,
      { param: 'limit' },
    )
  }
  return {
    limit: limit === undefined ? DEFAULT_LIMIT : Number(limit),
    ...(after === undefined ? {} : { after }),
  }
}
