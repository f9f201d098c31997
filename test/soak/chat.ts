/** A conversation whose history the client keeps, over `/v1/chat/completions`. */
import { setTimeout as delay } from 'node:timers/promises'
import { post, type Interruption, type Outcome } from './client.ts'
import { asking, edited, heard, opening, unheard } from './edits.ts'
import { conversationsIn, markerOf } from './markers.ts'
import type { Random } from './random.ts'
import type { Ask } from './ledger.ts'
import { doomed, hangingQuestion, longQuestion, question } from './texts.ts'
import { wantedSaid, wantedSystem, type ChatMessage, type Effort } from './wanted.ts'
import type { Part, Talker, World } from './world.ts'

type Model = 'haiku' | 'sonnet'

/** How a turn goes as far as it is up to the client. */
type Course = 'heard-out' | 'long' | 'interrupted' | 'superseded' | 'doomed' | 'stalled'

const COURSES: Readonly<Record<Course, number>> = {
  'heard-out': 62,
  long: 2,
  interrupted: 24,
  superseded: 4,
  doomed: 7.8,
  stalled: 0.2,
}

const EFFORTS: Readonly<Record<string, Effort>> = {
  none: 'none',
  minimal: 'none',
  low: 'low',
  medium: 'medium',
  high: 'high',
}
const STOP_TEXTS = [' 7', 'end', '🙂', '⟧', 'hello', 'Казахте', '12 13'] as const

interface Setting {
  readonly model: Model
  readonly talker: Talker
  /** Every request names its conversation. */
  readonly isNamed: boolean
}

const interruptionOf = (random: Random): Interruption => {
  const afterMs = random.between(0, 450)
  switch (random.weighted({ sending: 2, time: 4, chunk: 4 })) {
    case 'sending':
      return { afterMs: random.between(0, 8) }
    case 'time':
      return { afterMs }
    case 'chunk':
      return { afterMs, afterChunks: random.between(1, 12) }
  }
}

const questionOf = (random: Random, course: Course, marker: string): string => {
  switch (course) {
    case 'doomed':
      return doomed(random, marker)
    case 'stalled':
      return `${marker} count on [rehearse ${random.pick(['stall=0', 'stall=3'])}]`
    case 'heard-out':
      return question(random, marker)
    case 'long':
      return longQuestion(random, marker)
    case 'superseded':
      return random.chance(0.75) ? longQuestion(random, marker) : question(random, marker)
    case 'interrupted':
      // Who leaves need not wait for a question that is never answered.
      if (random.chance(0.1)) return hangingQuestion(random, marker)
      return random.chance(0.7) ? longQuestion(random, marker) : question(random, marker)
  }
}

/** A text as it is, or in parts. */
const inParts = (random: Random, { role, content }: ChatMessage): object => {
  if (!random.chance(0.1)) return { role, content }
  const characters = Array.from(content)
  const at = random.between(0, characters.length)
  return {
    role,
    content: [characters.slice(0, at), characters.slice(at)].map((part) => ({ type: 'text', text: part.join('') })),
  }
}

interface Sending {
  readonly history: readonly ChatMessage[]
  readonly setting: Setting
  readonly interruption?: Interruption | undefined
  readonly heard?: (text: string) => void
}

/** A request that was sent; `over` resolves when it is answered, has failed or was left. */
interface Sent {
  readonly ask: Ask
  readonly over: Promise<Outcome>
}

function send(
  { url, ledger, personaMode, talkers, turnOver }: World,
  part: Part,
  random: Random,
  sending: Sending,
): Sent {
  const { history, setting, interruption, heard } = sending
  const { model, talker, isNamed } = setting
  const effort = random.chance(0.2) ? random.pick(['none', 'minimal', 'low', 'medium', 'high']) : undefined
  const maxTokens = random.chance(0.12) ? random.between(2, 3000) : undefined
  const stopTexts = random.chance(0.1) ? [random.pick(STOP_TEXTS), random.pick(STOP_TEXTS)] : []
  const ask = ledger.open({
    conversation: part.conversation,
    tenant: part.tenant.name,
    stopTexts,
    wanted: [
      {
        model,
        system: wantedSystem(history, talker.persona, personaMode),
        said: wantedSaid(history),
        maxTokens,
        effort: EFFORTS[effort ?? 'none'] ?? 'none',
      },
    ],
  })
  const isDefault = talker === talkers[0]
  const over = post({
    url: `${url}/v1/chat/completions`,
    key: part.tenant.key,
    ...(isNamed ? { conversation: part.name } : {}),
    interruption,
    ...(heard === undefined ? {} : { heard }),
    body: {
      model: isDefault && random.chance(0.7) ? model : `${talker.name}/${model}`,
      stream: random.chance(0.92),
      messages: history.map((message) => inParts(random, message)),
      ...(effort === undefined ? {} : { reasoning_effort: effort }),
      ...(maxTokens === undefined ? {} : { [random.pick(['max_tokens', 'max_completion_tokens'])]: maxTokens }),
      ...(stopTexts.length === 0 ? {} : { stop: stopTexts }),
    },
  }).then((outcome) => {
    ledger.close(ask, outcome)
    turnOver()
    return outcome
  })
  return { ask, over }
}

/** What the client has heard by the time it goes on. */
const heardOf = (random: Random, history: readonly ChatMessage[], outcome: Outcome): readonly ChatMessage[] =>
  outcome.type === 'failed' ? unheard(random, history) : heard(random, history, outcome.text)

/** Interrupted by the next request instead of by leaving: a newer one of the same conversation takes its place. */
async function superseded(
  world: World,
  part: Part,
  random: Random,
  sending: Sending,
): Promise<{ readonly said: string; readonly sent: Sent }> {
  let said = ''
  const sent = send(world, part, random, { ...sending, heard: (text) => (said = text) })
  await Promise.race([sent.over, delay(random.between(50, 350))])
  sent.ask.superseded = true
  return { said, sent }
}

/** A history needs a message, and somebody to whom it belongs. */
const isAskable = (history: readonly ChatMessage[]): boolean =>
  conversationsIn(history.map(({ content }) => content).join(' ')).length > 0

const settingOf = (random: Random, { talkers: [usual, ...others] }: World): Setting => ({
  model: random.pick(['haiku', 'sonnet']),
  talker: random.chance(0.8) ? usual : random.pick([usual, ...others]),
  isNamed: random.chance(0.25),
})

/** Talks from the first turn to the last; resolves when no request of it is under way. */
export async function chat(world: World, part: Part): Promise<void> {
  const marker = markerOf(part.conversation)
  const turns = part.random.between(1, 8)
  let setting = settingOf(part.random, world)
  let history = opening(part.random, marker)
  const open: Promise<unknown>[] = []
  for (let turn = 0; turn < turns; turn++) {
    const random = part.random.fork(turn)
    if (random.chance(0.05)) setting = { ...settingOf(random, world), isNamed: setting.isNamed }
    const drawn = random.weighted(COURSES)
    const course = drawn === 'superseded' && !setting.isNamed ? 'interrupted' : drawn
    const before = history
    history = asking(random, edited(random, history, marker), questionOf(random, course, marker))
    if (!isAskable(history)) history = [...before, { role: 'user', content: `${marker} hello` }]
    const sending = { history, setting, interruption: course === 'interrupted' ? interruptionOf(random) : undefined }
    if (course === 'superseded') {
      const { said, sent } = await superseded(world, part, random, sending)
      open.push(sent.over)
      history = heard(random, history, said)
      continue
    }
    const outcome = await send(world, part, random, sending).over
    // Now and then the same is asked once more.
    if (random.chance(0.08)) await send(world, part, random.fork('again'), sending).over
    history = heardOf(random, history, outcome)
  }
  await Promise.all(open)
}
