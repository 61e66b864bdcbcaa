import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { hasUrl, quotePost } from '../../../shared/posts/quote-post.ts'

const prices = { post: 15_000, post_with_url: 200_000 }
const quote = (...texts: string[]) =>
  quotePost(
    texts.map((text) => ({ text })),
    prices,
  )

test.each([
  ['plain words', 'Good morning. How are you?', 15_000],
  ['a link', 'see https://example.com/a?b=c', 200_000],
  ['a bare domain', 'see example.com', 200_000],
  ['a bare domain at the end of a sentence', 'I like example.org.', 200_000],
  ['a country domain with a path', 'siehe example.de/x', 200_000],
  ['two links, billed once', 'example.com example.org', 200_000],
  ['an e-mail address', 'write to me@example.com', 15_000],
  ['a file name', 'see main.rst2', 15_000],
  ['a version', 'version 1.2.3', 15_000],
  ['a mention and a cashtag', '@example $EX', 15_000],
  ['only an emoji', '🎉', 15_000],
  ['a link to a domain nobody knows', 'http://intranet.localhost/x', 200_000],
  ['nothing, for it shows media', '', 15_000],
])('quotes %s', (_, text, micros) => {
  expect(quote(text)).toEqual({ micros, segments: [{ micros, has_url: micros === 200_000 }] })
})

test('a thread costs what its segments cost together', () => {
  expect(quote('one', 'see example.com', 'three')).toEqual({
    micros: 230_000,
    segments: [
      { micros: 15_000, has_url: false },
      { micros: 200_000, has_url: true },
      { micros: 15_000, has_url: false },
    ],
  })
})

test('quotes nothing as cheap that X itself calls a link', () => {
  const file = new URL('../../data/twitter-text-validate.yml', import.meta.url)
  const { urls_without_protocol: vectors } = parse(readFileSync(file, 'utf8')).tests
  for (const { text, expected } of vectors) expect([text, hasUrl(text)]).toEqual([text, expected])
})
