/** Pictures that a message shows, and a server that has some of them. */
import type { RequestListener } from 'node:http'
import type { Random } from '../soak/random.ts'
import { PNG } from '../support/picture-server.ts'
import type { Answer, World } from './fuzz-case.ts'

const GIF = Buffer.from('GIF89a and what follows')
/** Thirteen come to more than a request may hold. */
const MEGA = Buffer.concat([PNG, Buffer.alloc(1024 * 1024)])
const LARGE = Buffer.concat([PNG, Buffer.alloc(11 * 1024 * 1024)])

export interface Shown {
  readonly url: string
  /** What else than an answer may come of it; empty where it is a picture. */
  readonly failure: readonly Answer[]
}

/** Answers by its path: pictures, what is none, and mishaps. */
export const answerPictures: RequestListener = ({ url = '' }, response) => {
  switch (url.split('?', 1)[0]) {
    case '/gif':
      return void response.end(GIF)
    case '/text':
      return void response.end('no picture')
    case '/missing':
      return void response.writeHead(404).end()
    case '/failing':
      return void response.writeHead(500).end()
    case '/broken':
      return void response.destroy()
    case '/mega':
      return void response.end(MEGA)
    case '/large':
      return void response.end(LARGE)
    case '/loop':
      return void response.writeHead(302, { location: '/loop' }).end()
    case '/astray':
      return void response.writeHead(302, { location: decodeURIComponent(url.split('?', 2)[1] ?? '') }).end()
    default:
      return void response.end(PNG)
  }
}

const inline = (mediaType: string, bytes: Uint8Array): string =>
  `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`

const REFUSED: readonly Answer[] = ['invalid_request']
const LATER: readonly Answer[] = ['picture_unavailable']

const goodPicture = (random: Random, { pictures }: World): Shown => ({
  failure: [],
  url: random.pick([
    inline('image/png', PNG),
    inline('image/gif', GIF),
    // What it is is told by its bytes.
    inline('text/plain', PNG),
    `${pictures}/png`,
    `${pictures}/gif?${random.between(1, 50)}`,
    `${pictures}/astray?${encodeURIComponent('/png')}`,
  ]),
})

const refusedPicture = (random: Random, { pictures, forbidden, secretPath }: World): Shown => ({
  failure: REFUSED,
  url: random.pick([
    `${forbidden}/png`,
    forbidden.replace('127.0.0.1', 'localhost'),
    forbidden.replace('127.0.0.1', '0x7f.1'),
    forbidden.replace('127.0.0.1', '2130706433'),
    forbidden.replace('127.0.0.1', '[::ffff:127.0.0.1]'),
    forbidden.replace('127.0.0.1', '0.0.0.0'),
    `${pictures}/astray?${encodeURIComponent(`${forbidden}/png`)}`,
    `${pictures}/astray?${encodeURIComponent(`file://${secretPath}`)}`,
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    `file://${secretPath}`,
    'ftp://127.0.0.1/x.png',
    `http://user:pass@${pictures.slice('http://'.length)}/png`,
    `${pictures}/missing`,
    `${pictures}/text`,
    `${pictures}/large`,
    `${pictures}/loop`,
    inline('image/png', Buffer.from('no picture')),
    'data:image/png;base64,@@@',
    'data:,',
    'data:image/png',
    'javascript:alert(1)',
    'http://',
    'x',
    '',
  ]),
})

/** A picture, mostly one that can be had. */
export function anyPicture(random: Random, world: World): Shown {
  switch (random.weighted({ good: 70, refused: 24, later: 6 })) {
    case 'good':
      return goodPicture(random, world)
    case 'refused':
      return refusedPicture(random, world)
    case 'later':
      return random.pick([
        { failure: LATER, url: `${world.pictures}/failing` },
        { failure: LATER, url: `${world.pictures}/broken` },
        // Without a name server it may exist, with one it does not.
        { failure: [...LATER, ...REFUSED], url: 'http://nowhere.invalid/x.png' },
      ])
  }
}
