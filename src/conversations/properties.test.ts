import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { nothingKept } from '../../test/support/memory-conversations.ts'
import { echo, named, openConversations, readEvents, signal, turn } from '../../test/support/open-conversations.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'
import { GatewayError, type History } from '../core/index.ts'

const OUTCOMES = ['say', 'stream', 'fail', 'fail-late', 'leave', 'leave-stream', 'break', 'restart', 'forget'] as const

const action = fc.record({
  what: fc.constantFrom('say' as const, 'say' as const, ...OUTCOMES),
  id: fc.constantFrom('s', '🙂'),
  tenant: fc.constantFrom('t', 'u'),
  gateway: fc.nat(1),
})

const asHistory = (turns: readonly (readonly [string, string])[]): History =>
  turns.flatMap(([user, assistant]) => [
    { role: 'user' as const, text: user },
    { role: 'assistant' as const, text: assistant },
  ])

test('[CV5] [CV14] whatever happens between turns, on whichever gateway, the model sees what was heard and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      let mode: (typeof OUTCOMES)[number] = 'say'
      const script = (seen: History) => {
        if (mode === 'fail') return [new GatewayError('overloaded', 'Busy.')]
        if (mode === 'fail-late') return [text('half'), new GatewayError('timeout', 'Late.')]
        return mode.startsWith('leave') || mode === 'break' ? [text('half'), forever()] : echo(seen)
      }
      const [clock, kept] = [createManualClock(), nothingKept()]
      const opened = [0, 1].map(() => openConversations(script, { clock, kept }))
      const running = opened.map(({ conversations }) => conversations)
      const expected = new Map<string, (readonly [string, string])[]>()
      for (const [index, { what, id, tenant, gateway }] of actions.entries()) {
        const [on, conversations] = [opened[gateway], running[gateway]]
        if (on === undefined || conversations === undefined) throw new Error('there are two gateways')
        const key = `${tenant} ${id}`
        const said = expected.get(key) ?? []
        const message = `${index}`
        const leaving = new AbortController()
        const own = turn(id, message, { tenant, signal: leaving.signal })
        mode = what
        switch (what) {
          case 'say':
            expect(await conversations.say(own)).toBe(`answer to ${message}`)
            expected.set(key, [...said, [message, `answer to ${message}`]])
            break
          case 'stream':
            expect((await readEvents(conversations.stream(own))).events).toEqual(says(`answer to ${message}`))
            expected.set(key, [...said, [message, `answer to ${message}`]])
            break
          case 'fail':
          case 'fail-late':
            await expect(conversations.say(own)).rejects.toBeInstanceOf(GatewayError)
            expect((await readEvents(conversations.stream(own))).thrown).toBeInstanceOf(GatewayError)
            break
          case 'leave': {
            const left = conversations.say(own)
            await on.engine.started(on.engine.runs.length)
            leaving.abort(new Error('gone'))
            await expect(left).rejects.toThrow('gone')
            break
          }
          case 'leave-stream': {
            const events = conversations.stream(own)[Symbol.asyncIterator]()
            await events.next()
            const last = events.next()
            leaving.abort(new Error('gone'))
            await expect(last).rejects.toThrow('gone')
            expected.set(key, [...said, [message, 'half']])
            break
          }
          case 'break':
            for await (const _ of conversations.stream(own)) break
            expected.set(key, [...said, [message, 'half']])
            break
          case 'restart':
            running[gateway] = on.start()
            break
          case 'forget':
            expect(await conversations.forget(named(id, tenant), { signal })).toBe(said.length > 0)
            expected.delete(key)
            break
        }
        if (!['restart', 'forget'].includes(what))
          expect(on.heard(-1)).toEqual([...asHistory(said), { role: 'user', text: message }])
        expect(await on.said(named(id, tenant))).toEqual(expected.get(key) ?? [])
        expect([kept.claims.size, clock.armed]).toEqual([0, 0])
      }
    }),
    { numRuns: 300 },
  )
})
