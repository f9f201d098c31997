import type { Random } from '../soak/random.ts'
import { oddBody, oddType } from './byte-cases.ts'
import { doerChat, dressedChat, doomed, goodChat, leavingChat, oddChat } from './chat-cases.ts'
import type { FuzzCase, World } from './fuzz-case.ts'
import { largeCase, tooLarge } from './large-cases.ts'
import { noise, noRequest, oddRequest } from './no-request-cases.ts'
import { keyless, knownPath, unknownPath } from './path-cases.ts'
import { execute, forget, oddExecute, oddSay, say } from './plain-cases.ts'
import {
  brokenChunks,
  chunked,
  cutUpload,
  expecting,
  garbageBehind,
  headerFlood,
  pipelined,
  resetAnswer,
  slowUpload,
  wrongLength,
} from './wire-cases.ts'

type Maker = (random: Random, world: World) => FuzzCase

/** How often each kind comes, in a thousand. */
const MAKERS: readonly (readonly [number, Maker])[] = [
  [200, goodChat],
  [30, dressedChat],
  [240, oddChat],
  [35, doomed],
  [60, leavingChat],
  [4, doerChat],
  [15, largeCase],
  [4, tooLarge],
  [45, say],
  [35, oddSay],
  [20, forget],
  [4, execute],
  [25, oddExecute],
  [50, knownPath],
  [40, unknownPath],
  [25, keyless],
  [20, oddType],
  [40, oddBody],
  [12, chunked],
  [8, slowUpload],
  [14, wrongLength],
  [14, cutUpload],
  [10, resetAnswer],
  [8, headerFlood],
  [8, expecting],
  [8, pipelined],
  [8, garbageBehind],
  [10, noRequest],
  [12, oddRequest],
  [4, brokenChunks],
  [3, noise],
]

const TOTAL = MAKERS.reduce((sum, [weight]) => sum + weight, 0)

/** Any request. The same chance makes the same one in the same world. */
export function generate(random: Random, world: World): FuzzCase {
  let left = random.between(0, TOTAL - 1)
  const found = MAKERS.find(([weight]) => (left -= weight) < 0)
  if (found === undefined) throw new Error('the weights have a sum')
  return found[1](random, world)
}
