import { expect, test } from 'vitest'
import { createFakeWorld } from '../../test/support/fake-world.ts'
import { liveProgress, plainProgress } from './progress.ts'

const WIPE = '\r\u001b[2K'

test('[CM14] on a terminal the line is rewritten in place, each second and with every change', async () => {
  const world = createFakeWorld({ url: 'http://x' })
  {
    using progress = liveProgress(world)
    progress.show('queued')
    await world.clock.advance(2500)
    progress.show('running')
    progress.note('a line that stays')
    progress.hide()
    await world.clock.advance(60_000)
    progress.show('Bash')
    await world.clock.advance(1000)
  }
  expect(world.err()).toBe(
    [
      `${WIPE}0s  queued${WIPE}1s  queued${WIPE}2s  queued${WIPE}2s  running`,
      `${WIPE}a line that stays\n${WIPE}2s  running${WIPE}`,
      `${WIPE}1m02s  Bash${WIPE}1m03s  Bash${WIPE}`,
    ].join(''),
  )
  expect(world.clock.armed).toBe(0)
})

test('[CM14] [CM15] what is shown stays on one line and within it', () => {
  const world = createFakeWorld({ url: 'http://x', columns: 20 })
  liveProgress(world).show('Bash \u001b[31m\n{"command": "rm -rf"}')
  expect(world.err()).toBe(`${WIPE}0s  Bash ␛[31m {"c`)
  const wide = createFakeWorld({ url: 'http://x', columns: 10 })
  liveProgress(wide).show('🙂🙂🙂🙂🙂')
  expect(wide.err()).toBe(`${WIPE}0s  🙂🙂`)
})

test('[CM14] elsewhere each change is a line', async () => {
  const world = createFakeWorld({ url: 'http://x' })
  using progress = plainProgress(world)
  progress.show('queued')
  await world.clock.advance(3_725_000)
  progress.show('queued')
  progress.show('running\n')
  progress.note('a\u001bb')
  progress.hide()
  expect(world.err()).toBe('0s  queued\n1h02m  running \na␛b\n')
})
