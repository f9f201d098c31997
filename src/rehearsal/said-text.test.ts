import { expect, test } from 'vitest'
import { answerText, dictatedText, toolAnswerText } from './said-text.ts'

test('a prompt is echoed in its language', () => {
  expect(answerText('Hello! ', [])).toBe('This is a rehearsal. You said: Hello!')
  expect(answerText('Здравей!', [])).toBe('Това е репетиция. Казахте: Здравей!')
  expect(answerText(' ', [])).toBe('This is a rehearsal. You said: (nothing)')
})

test('a long prompt is echoed by its beginning and its length in characters', () => {
  expect(answerText('🙂'.repeat(201), [])).toBe(`This is a rehearsal. You said: ${'🙂'.repeat(200)}… (201 characters)`)
  expect(answerText('ж'.repeat(300), [])).toBe(`Това е репетиция. Казахте: ${'ж'.repeat(200)}… (300 знака)`)
})

test('what is dictated is said unchanged', () => {
  expect(answerText('Say exactly:  two\n\n lines \n', [])).toBe(' two\n\n lines \n')
  expect(answerText('\nкажи точно:\nда 🙂', [])).toBe('да 🙂')
  expect(answerText('SAY EXACTLY:', [])).toBe('')
  expect(dictatedText('please say exactly: x')).toBeUndefined()
})

test('recall lists what was said before, without its stage directions', () => {
  expect(answerText('recall', ['I am Ivan [rehearse slow=1]', 'two\nlines'])).toBe('I am Ivan | two\nlines')
  expect(answerText('Спомни си какво казах', ['a'])).toBe('a')
  expect(answerText('recall', [])).toBe('I was told nothing before.')
  expect(answerText('спомни си', [])).toBe('Преди това нищо не ми беше казано.')
  expect(answerText('recalled', ['a'])).toBe('This is a rehearsal. You said: recalled')
})

test('it counts', () => {
  expect(answerText('Count to 5', [])).toBe('1 2 3 4 5')
  expect(answerText('преброй до 3', [])).toBe('1 2 3')
})

test('what tools answered is repeated, shortened, in its language', () => {
  expect(toolAnswerText({ toolResults: ['sunny\n', '', 'x'.repeat(301)] })).toBe(
    `The tool answered: sunny | (nothing) | ${'x'.repeat(300)}`,
  )
  expect(toolAnswerText({ toolResults: ['слънчево'] })).toBe('Инструментът отговори: слънчево')
})
