import { describe, expect, test } from 'vitest'
import {
  call,
  calling,
  chunk,
  ERROR,
  frames,
  more,
  opening,
  openingCall,
  stream,
  text,
  tool,
  usage,
} from './examples.ts'
import { judgeStream } from './judge-stream.ts'

const STOP = chunk({}, 'stop')
const CALLS = chunk({}, 'tool_calls')

describe('a stream that is right', () => {
  test.each([
    ['text', stream(opening('He'), text('llo'), STOP)],
    ['an answer that says nothing', stream(opening(''), STOP)],
    ['usage after the finish', stream(opening('a'), STOP, usage({ cost_usd: 0.5 }))],
    ['a silence before an event', stream(opening('a'), `data:      ${JSON.stringify(text('b'))}\n\n`, STOP)],
    ['tools that are used', stream(tool('Read', { role: 'assistant', content: '' }), text('a'), tool('Bash'), STOP)],
    [
      'a call of a custom tool, whose input is no JSON',
      stream(
        openingCall({ index: 0, id: 'call_0', type: 'custom', custom: { name: 'x', input: '' } }),
        calling({ index: 0, custom: { input: 'y' } }),
        CALLS,
      ),
    ],
    ['a call in pieces', stream(openingCall(call(0, '')), calling(more(0, '{"a"')), calling(more(0, ':1}')), CALLS)],
    [
      'text, then two calls',
      stream(opening('One moment.'), calling(call(0)), calling(call(1, '{"a":1}')), CALLS, usage()),
    ],
    ['arguments that were cut at the length', stream(openingCall(call(0, '{"a"')), chunk({}, 'length'))],
    ['a failure before the first token', frames(ERROR)],
    ['a failure after text', frames(opening('a'), text('b'), ERROR)],
    [
      'usage: null where usage was asked for',
      stream(chunk({ role: 'assistant', content: 'a' }, null, { usage: null }), STOP),
    ],
  ])('passes: %s', (_, bytes) => {
    expect(judgeStream(bytes)).toEqual([])
  })

  test('passes as far as it went where its reader left, at whatever byte', () => {
    const whole = stream(opening('a'), text('b'), STOP, usage())
    for (let end = 0; end <= whole.length; end++) expect(judgeStream(whole.slice(0, end), { left: true })).toEqual([])
  })
})

const { id: _id, ...noId } = opening('a')
const { created: _created, ...noCreated } = opening('a')

describe('a stream that is wrong', () => {
  test.each([
    ['no role', stream(text('a'), STOP), 'event 1: the first chunk with choices has no role assistant'],
    ['another role', stream(chunk({ role: 'user', content: 'a' }), STOP), 'has no role assistant'],
    ['the role again', stream(opening('a'), opening('b'), STOP), 'event 2: the role comes again'],
    ['the role before there is something to say', stream(opening(''), text('a'), STOP), 'the first chunk says nothing'],
    ['no finish_reason', stream(opening('a')), '[DONE] comes without a finish_reason'],
    [
      'a finish chunk without delta',
      stream(opening('a'), chunk({}, 'stop', { choices: [{ index: 0, finish_reason: 'stop' }] })),
      'choices[0]: does not have required property "delta"',
    ],
    [
      'text in the finish chunk',
      stream(opening('a'), chunk({ content: 'b' }, 'stop')),
      'the delta of the finish is not empty',
    ],
    ['two finishes', stream(opening('a'), STOP, STOP), 'there is a second finish_reason'],
    ['a finish before anything', stream(STOP), 'it finishes before anything was said'],
    ['text after the finish', stream(opening('a'), STOP, text('b')), 'a delta comes after the finish'],
    [
      'a finish_reason that is no word of OpenAI',
      stream(opening('a'), chunk({}, 'end_turn')),
      'choices[0].finish_reason: does not match any of',
    ],
    ['no [DONE]', frames(opening('a'), STOP), 'the stream ends without [DONE]'],
    ['nothing but [DONE]', stream(), '[DONE] comes without a finish_reason'],
    ['no bytes at all', '', 'the stream ends without a finish_reason and [DONE]'],
    ['an end in mid-answer', frames(opening('a')), 'the stream ends without a finish_reason and [DONE]'],
    ['an event after [DONE]', stream(opening('a'), STOP) + frames(usage()), 'an event comes after [DONE]'],
    ['usage before the finish', stream(opening('a'), usage(), STOP), 'usage comes before the finish'],
    ['usage twice', stream(opening('a'), STOP, usage(), usage()), 'usage comes twice'],
    [
      'usage beside a choice',
      stream(opening('a'), chunk({}, 'stop', { usage: usage().usage })),
      'usage and a choice are in one chunk',
    ],
    [
      'a total that is no sum',
      stream(opening('a'), STOP, usage({ total_tokens: 11 })),
      'usage.total_tokens is not the sum',
    ],
    [
      'a count that is no integer',
      stream(opening('a'), STOP, usage({ prompt_tokens: 7.5 })),
      'usage.prompt_tokens: type "number" is invalid. Expected "integer"',
    ],
    [
      'a field of usage that nobody knows',
      stream(opening('a'), STOP, usage({ cost: 1 })),
      'usage.cost is a field that OpenAI does not have',
    ],
    [
      'a chunk with neither choices nor usage',
      stream(opening('a'), STOP, { ...usage(), usage: null }),
      'neither choices nor usage',
    ],
    [
      'another id',
      stream(opening('a'), chunk({ content: 'b' }, null, { id: 'x' }), STOP),
      'event 2: id, created and model are not those of the first chunk',
    ],
    [
      'another model',
      stream(opening('a'), STOP, { ...usage(), model: 'opus' }),
      'event 3: id, created and model are not those',
    ],
    ['no id', stream(noId, STOP), 'it: does not have required property "id"'],
    ['no created', stream(noCreated, STOP), 'it: does not have required property "created"'],
    [
      'created in milliseconds',
      stream(chunk({ role: 'assistant', content: 'a' }, null, { created: 1_700_000_000_000 }), STOP),
      'created: 1700000000000 is greater than 99999999999',
    ],
    [
      'the object of another reply',
      stream(chunk({ role: 'assistant', content: 'a' }, null, { object: 'chat.completion' }), STOP),
      'object: does not match "chat.completion.chunk"',
    ],
    [
      'a field that nobody knows',
      stream(chunk({ role: 'assistant', content: 'a' }, null, { extra: 1 }), STOP),
      'extra is a field that OpenAI does not have',
    ],
    [
      'reasoning in the delta',
      stream(chunk({ role: 'assistant', content: 'a', reasoning_content: 'b' }), STOP),
      'choices[0].delta.reasoning_content is a field that OpenAI does not have',
    ],
    [
      'content that is no string',
      stream(chunk({ role: 'assistant', content: 1 }), STOP),
      'choices[0].delta.content: type "number" is invalid',
    ],
    ['a delta without anything', stream(opening('a'), chunk({}), STOP), 'a delta has neither content nor a tool call'],
    [
      'two choices',
      stream(
        chunk({}, null, {
          choices: [0, 1].map((index) => ({ index, delta: { role: 'assistant', content: 'a' }, finish_reason: null })),
        }),
        STOP,
      ),
      'a choice other than that of index 0',
    ],
    ['half a character', stream(opening('\ud83d'), text('\ude00'), STOP), 'a character is cut between two deltas'],
    ['an event that is no JSON', stream('data: {"id":\n\n', opening('a'), STOP), 'event 1: an event is no JSON object'],
    ['an event name', stream('event: message\ndata: {}\n\n', opening('a'), STOP), 'a line is not data: event: message'],
    ['a comment', stream(opening('a'), ': keep-alive\n\n', STOP), 'a line is not data: : keep-alive'],
    [
      'what a tool is given',
      stream(opening('a'), chunk({}, null, { vivavoce: { tool: 'Read', input: {} } }), STOP),
      'input is a field that OpenAI does not have',
    ],
    [
      'a tool with text',
      stream(tool('Read', { role: 'assistant', content: 'a' }), STOP),
      'a tool that is used says more',
    ],
    ['a tool after the finish', stream(opening('a'), STOP, tool('Read')), 'a tool is used after the finish'],
    [
      'two data lines in one event',
      stream(frames(opening('a')).replace('\n\n', '\ndata: {}\n\n'), STOP),
      'an event has more than one data line',
    ],
    [
      'an end without a blank line',
      stream(opening('a'), STOP).slice(0, -1),
      'the stream does not end with a blank line',
    ],
    ['a failure and then [DONE]', stream(opening('a'), ERROR), 'event 3: an event comes after the error'],
    ['a failure after the finish', frames(opening('a'), STOP, ERROR), 'an error comes after the finish'],
    ['a failure that is only a text', frames({ error: 'No.' }), 'error: type "string" is invalid. Expected "object"'],
    [
      'a failure without code',
      frames({ error: { message: 'No.', type: 'server_error', param: null } }),
      'error: does not have required property "code"',
    ],
  ])('fails: %s', (_, bytes, sentence) => {
    expect(judgeStream(bytes).join('\n')).toContain(sentence)
  })

  test.each([
    ['two calls in one chunk', stream(openingCall(call(0), call(1)), CALLS), 'a delta has 2 tool calls'],
    ['no call in the list', stream(openingCall(), CALLS), 'a delta has 0 tool calls'],
    ['a first index of 1', stream(openingCall(call(1)), CALLS), 'the index of a call is 1 where 0 is due'],
    [
      'an index that is left out',
      stream(openingCall(call(0)), calling(call(2)), CALLS),
      'the index of a call is 2 where 0 or 1 is due',
    ],
    [
      'a call that is gone back to',
      stream(openingCall(call(0)), calling(call(1)), calling(more(0, ' ')), CALLS),
      'the index of a call is 0 where 1 or 2 is due',
    ],
    [
      'name and id repeated',
      stream(openingCall(call(0, '')), calling(call(0, '{}')), CALLS),
      'a later piece of a call repeats id',
    ],
    [
      'the name repeated',
      stream(openingCall(call(0, '')), calling(more(0, '', { function: { name: 'x', arguments: '{}' } })), CALLS),
      'repeats function.name',
    ],
    [
      'the name after the id',
      stream(openingCall(call(0, '', { function: { arguments: '' } })), calling(more(0, '{}')), CALLS),
      'the first piece of a call has no function.name',
    ],
    [
      'no arguments in the first piece',
      stream(openingCall(call(0, '', { function: { name: 'x' } })), calling(more(0, '{}')), CALLS),
      'has no function.arguments',
    ],
    [
      'a call of a custom tool without a name',
      stream(openingCall({ index: 0, id: 'call_0', type: 'custom', custom: { input: '' } }), CALLS),
      'the first piece of a call has no custom.name',
    ],
    [
      'no type',
      stream(openingCall({ index: 0, id: 'call_0', function: { name: 'x', arguments: '{}' } }), CALLS),
      'the first piece of a call has no type',
    ],
    [
      'no id',
      stream(openingCall({ index: 0, type: 'function', function: { name: 'x', arguments: '{}' } }), CALLS),
      'the first piece of a call has no id',
    ],
    [
      'no index',
      stream(openingCall({ id: 'call_0' }), CALLS),
      'choices[0].delta.tool_calls[0]: does not have required property "index"',
    ],
    [
      'one id twice',
      stream(openingCall(call(0)), calling(call(1, '{}', { id: 'call_0' })), CALLS),
      'two calls have the same id',
    ],
    ['empty arguments', stream(openingCall(call(0, '')), CALLS), 'the arguments of call 0 are no JSON object: ""'],
    [
      'arguments that are no JSON',
      stream(openingCall(call(0, '{"a"')), CALLS),
      'the arguments of call 0 are no JSON object',
    ],
    [
      'text beside a call',
      stream(chunk({ role: 'assistant', content: 'a', tool_calls: [call(0)] }), CALLS),
      'content and tool_calls are in one delta',
    ],
    ['text after a call', stream(openingCall(call(0)), text('a'), CALLS), 'content comes after a tool call'],
    ['a call that finishes with stop', stream(openingCall(call(0)), STOP), 'it has a tool call and finishes with stop'],
    [
      'a finish of tool_calls without a call',
      stream(opening('a'), CALLS),
      'it finishes with tool_calls and has no call',
    ],
  ])('fails, with calls: %s', (_, bytes, sentence) => {
    expect(judgeStream(bytes).join('\n')).toContain(sentence)
  })

  test('what is missing at its end is no fault where the reader left, what is wrong before it is', () => {
    expect(judgeStream(frames(opening('a'), opening('b')), { left: true })).toEqual([
      expect.stringContaining('event 2: the role comes again'),
    ])
  })

  test('a long event is shown in part', () => {
    expect(judgeStream(stream(text('x'.repeat(5000)), STOP))[0]?.length).toBeLessThan(500)
  })
})
