/** Everything a reply says of its own, in the two languages that the rehearsal speaks. */
export interface Phrases {
  readonly echo: (prompt: string) => string
  readonly toolAnswered: (results: string) => string
  readonly shortened: (beginning: string, chars: number) => string
  readonly nothing: string
  readonly toldNothing: string
}

const english: Phrases = {
  echo: (prompt) => `This is a rehearsal. You said: ${prompt}`,
  toolAnswered: (results) => `The tool answered: ${results}`,
  shortened: (beginning, chars) => `${beginning}… (${chars} characters)`,
  nothing: '(nothing)',
  toldNothing: 'I was told nothing before.',
}

const bulgarian: Phrases = {
  echo: (prompt) => `Това е репетиция. Казахте: ${prompt}`,
  toolAnswered: (results) => `Инструментът отговори: ${results}`,
  shortened: (beginning, chars) => `${beginning}… (${chars} знака)`,
  nothing: '(нищо)',
  toldNothing: 'Преди това нищо не ми беше казано.',
}

/** The phrases of the language that the text is in: Bulgarian where it has Cyrillic letters. */
export const phrasesFor = (text: string): Phrases => (/\p{Script=Cyrillic}/u.test(text) ? bulgarian : english)
