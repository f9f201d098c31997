import type { CommandGroup } from '../command-line/index.ts'
import { forget } from './forget.ts'
import { list } from './list.ts'
import { show } from './show.ts'

export const conversations: CommandGroup = {
  name: 'conversations',
  summary: 'List, show and forget kept conversations',
  description: 'List, show and forget the conversations that a running server keeps.',
  commands: [list, show, forget],
}
