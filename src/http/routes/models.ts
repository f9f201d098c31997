import type { Context } from 'hono'
import { aliasIds, GatewayError, modelIds } from '../../core/index.ts'
import { restOfPath } from '../rest-of-path.ts'
import { encodeModel, encodeModelList } from '../../wire/index.ts'
import { choose } from '../choose.ts'
import type { AppDeps, AppEnv } from '../deps.ts'

export function models({ catalogue, chatAgent, clock }: AppDeps) {
  const created = Math.floor(clock.nowMs() / 1000)
  const ids = [...modelIds(catalogue), ...aliasIds(catalogue)]
  return {
    list: (c: Context<AppEnv>): Response => c.json(encodeModelList(ids, { created })),
    /** A model by the rest of the path; an alias is answered with what it stands for. */
    one(c: Context<AppEnv>): Response {
      const id = restOfPath(c, '/v1/models/')
      if (id === '') throw new GatewayError('not_found', 'A model must be named.')
      return c.json(encodeModel(choose(catalogue, id, chatAgent).id, { created }))
    },
  }
}
