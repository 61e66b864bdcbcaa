import type { Issue, Network } from '../networks/network.ts'
import { weightedLength } from '../posts/weighted-length.ts'

const invalidCharacter = /[\ufffe\ufeff\uffff]/
/** As X's own library reads it: after white space only, so never within a link. */
const directional = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069'
const cashtag = new RegExp(
  `(?<=^|[\\s${directional}])\\$[a-z]{1,6}(?:[._][a-z]{1,2})?(?=$|[\\s!'#%&"()*+,\\-./:;<=>?@[\\]^_{|}~$])`,
  'gi',
)

const emptyText = (text: string): Issue[] =>
  text.trim() === ''
    ? [{ slug: 'text-empty', detail: 'The text is empty.', remedy: 'Write some text.' }]
    : []

const tooLong = (text: string, limit: number): Issue[] => {
  const length = weightedLength(text)
  if (length <= limit) return []
  const detail = `The text counts ${length} characters on X; this account may write ${limit}.`
  const remedy = `Shorten it by ${length - limit}, or read its profile again with POST /accounts/:id/refresh if X lets it write more now.`
  return [{ slug: 'text-too-long', detail, remedy }]
}

const brokenCharacters = (text: string): Issue[] =>
  invalidCharacter.test(text) || !text.isWellFormed()
    ? [
        {
          slug: 'text-invalid-characters',
          detail:
            'The text holds a character that X refuses (a byte order mark or half a character).',
          remedy: 'Remove it.',
        },
      ]
    : []

const cashtags = (text: string): Issue[] =>
  [...text.matchAll(cashtag)].length > 1
    ? [
        {
          slug: 'too-many-cashtags',
          detail: 'X accepts one cashtag a post.',
          remedy: 'Keep one cashtag ($NAME) at most.',
        },
      ]
    : []

/** What of X's rules for one text can be told without asking X. Pure. */
export const validate: Network['validate'] = (text, { lengthLimit }) => [
  ...emptyText(text),
  ...tooLong(text, lengthLimit),
  ...brokenCharacters(text),
  ...cashtags(text),
]
