import { chooseModel, GatewayError, modelIds, shown, type Agent, type Catalogue, type Choice } from '../core/index.ts'

/** The agent and model that a caller names. @throws GatewayError `model_not_found` that names what is on offer. */
export function choose(catalogue: Catalogue, name: string | undefined, defaultAgent: Agent): Choice {
  const choice = chooseModel(catalogue, name, defaultAgent)
  if (choice !== undefined) return choice
  throw new GatewayError(
    'model_not_found',
    `The model \`${shown(name ?? defaultAgent.model ?? catalogue.defaultModel)}\` does not exist. On offer: ${modelIds(catalogue).join(', ')}.`,
    { param: 'model' },
  )
}
