/** Names that clients of OpenAI and Anthropic send unless somebody configures them, and the models that serve them. */
import type { Alias, Catalogue } from './model.ts'

const STEMS = ['gpt-4', 'gpt-5', 'o1', 'o2', 'o3', 'o4', 'chatgpt-']

/** The first match counts. */
const OPENAI: readonly Alias[] = [
  ...STEMS.flatMap((stem) => [
    { pattern: `${stem}*-mini*`, target: 'haiku' },
    { pattern: `${stem}*-nano*`, target: 'haiku' },
  ]),
  { pattern: 'gpt-3.5*', target: 'haiku' },
  ...STEMS.map((stem) => ({ pattern: `${stem}*`, target: 'sonnet' })),
]

/** With versions, dates and `-latest`, in the order of today (`claude-opus-4-1`) and of before (`claude-3-opus`). */
const CLAUDE: readonly Alias[] = ['opus', 'sonnet', 'haiku'].flatMap((family) => [
  { pattern: `claude-${family}-*`, target: family },
  { pattern: `claude-*-${family}*`, target: family },
])

/**
 * Each leads to a model on offer. Where its target is not on offer, a name of OpenAI's leads to the default model, for it
 * has no counterpart anyway; one of Claude's leads nowhere, for it names a model that this server does not have.
 */
export const defaultAliases = ({
  models,
  defaultModel,
}: Pick<Catalogue, 'models' | 'defaultModel'>): readonly Alias[] => [
  ...OPENAI.map(({ pattern, target }) => ({ pattern, target: models.includes(target) ? target : defaultModel })),
  ...CLAUDE.filter(({ target }) => models.includes(target)),
]
