import type { Context } from 'hono'
import { aliasIds, GatewayError, modelIds } from '../../core/index.ts'
import { restOfPath } from '../rest-of-path.ts'
import { encodeModel, encodeModelList } from '../../wire/index.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'

export function models({ offer, clock }: AppDeps) {
  const created = Math.floor(clock.nowMs() / 1000)
  return {
    list(c: Context<AppEnv>): Response {
      const { catalogue } = offer()
      return c.json(encodeModelList([...modelIds(catalogue), ...aliasIds(catalogue)], { created }))
    },
    /** A model by the rest of the path; an alias is answered with what it stands for. */
    one(c: Context<AppEnv>): Response {
      const id = restOfPath(c, '/v1/models/')
      if (id === '') throw new GatewayError('not_found', 'A model must be named.')
      const { catalogue, chatAgent } = offer()
      return c.json(encodeModel(choose(catalogue, id, chatAgent).id, { created }))
    },
  }
}
