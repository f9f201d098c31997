/** Preloaded into a server in a process of its own: adds what is wrong with its replies to the file `ORACLE_FILE`. */
import { appendFileSync } from 'node:fs'
import { judgeReply } from './judge-reply.ts'
import { watchReplies } from './watch-replies.ts'

const file = process.env['ORACLE_FILE']
if (file !== undefined) {
  // Its presence tells that the replies are watched.
  appendFileSync(file, '')
  watchReplies((reply) => {
    const violations = judgeReply(reply)
    if (violations.length > 0) appendFileSync(file, `${violations.join('\n')}\n`)
  })
}
