/** A conversation whose history the gateway keeps, over `/v1/conversational`. */
import { setTimeout as delay } from 'node:timers/promises'
import { post, type Outcome } from './client.ts'
import { markerOf } from './markers.ts'
import type { Random } from './random.ts'
import { anyText, doomed, words } from './texts.ts'
import { wantedSaid, wantedSystem, type ChatMessage } from './wanted.ts'
import type { Part, World } from './world.ts'

type History = readonly ChatMessage[]

interface Message {
  readonly text: string
  /** What the model says to it; absent where that does not matter. */
  readonly answer?: string
}

const dictation = (random: Random, marker: string, directions: string): Message => {
  const answer = `${marker} ${words(random, random.between(3, 40))} .`
  return { text: `say exactly: ${answer}${directions}`, answer }
}

/** The model to be sent the history as it may stand. */
const wantedOf = ({ talkers: [{ persona }], personaMode }: World, model: string, history: History) => ({
  model,
  system: wantedSystem(history, persona, personaMode),
  said: wantedSaid(history),
  maxTokens: undefined,
  effort: 'none' as const,
})

/** Talks from the first turn to the last. A turn that was left may have been taken or not: both are kept in mind until the next. */
export async function talkInSession(world: World, { conversation, random: all, tenant, name }: Part): Promise<void> {
  const { url, ledger, turnOver } = world
  const marker = markerOf(conversation)
  const model = all.pick(['haiku', 'sonnet'])
  let histories: readonly History[] = [[]]

  async function say(random: Random, { text }: Message, isInterrupted: boolean): Promise<Outcome> {
    const wanted = histories.map((history) => wantedOf(world, model, [...history, { role: 'user', content: text }]))
    const ask = ledger.open({ conversation, tenant: tenant.name, stopTexts: [], wanted })
    const outcome = await post({
      url: `${url}/v1/conversational`,
      key: tenant.key,
      body: { session_id: name, message: text, model },
      ...(isInterrupted ? { interruption: { afterMs: random.between(0, 500) } } : {}),
    })
    ledger.close(ask, outcome)
    turnOver()
    // What was sent tells which it was.
    const known = ask.sent.at(-1)
    if (known !== undefined) histories = [histories[known.wanted] ?? []]
    return outcome
  }

  async function forget(): Promise<void> {
    const response = await fetch(`${url}/v1/conversational/${encodeURIComponent(name)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${tenant.key}` },
    })
    await response.arrayBuffer()
    const mayBeThere = histories.some((history) => history.length > 0)
    if (response.status === 404 || mayBeThere) return
    ledger.violate({ what: 'a conversation of somebody else', conversation, detail: `forgotten: ${response.status}` })
  }

  const turns = all.between(1, 6)
  for (let turn = 0; turn < turns; turn++) {
    const random = all.fork(turn)
    const course = random.weighted({ heard: 60, interrupted: 25, doomed: 10, forgotten: 5 })
    if (course === 'forgotten') {
      // What was left must have come to its end before it can be forgotten for good.
      await forget()
      histories = [[]]
      continue
    }
    const message =
      course === 'doomed'
        ? { text: doomed(random, marker) }
        : course === 'interrupted'
          ? dictation(random, marker, ' [rehearse slow=8]')
          : random.chance(0.7)
            ? dictation(random, marker, '')
            : { text: anyText(random, marker) }
    const outcome = await say(random, message, course === 'interrupted')
    const taken = (answer: string): readonly History[] =>
      histories.map((history) => [
        ...history,
        { role: 'user', content: message.text },
        { role: 'assistant', content: answer },
      ])
    if (outcome.type === 'answered') histories = taken(outcome.text)
    else if (outcome.type === 'left' && message.answer !== undefined)
      histories = [...histories, ...taken(message.answer)]
    await delay(random.between(0, 20))
  }
  if (all.chance(0.5)) await forget()
}
