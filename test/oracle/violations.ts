/** The replies of this process that nobody looked at yet, judged only when asked for, to keep a test's timing. */
import { judgeReply, type Reply } from './judge-reply.ts'

const replies: Reply[] = []

/** Keeps a reply until it is asked for. */
export const keepReply = (reply: Reply): void => void replies.push(reply)

/** What is wrong with the replies since the last call. A test that provokes a fault takes it with this. */
export const takeViolations = (): readonly string[] => replies.splice(0).flatMap(judgeReply)
