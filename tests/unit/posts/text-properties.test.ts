import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findUrls } from '../../../shared/posts/find-urls.ts'
import { containsUrl, weightedLength } from '../../../shared/posts/weighted-length.ts'
import { validate } from '../../../shared/x/validate.ts'

/** Pieces that meet in posts and confuse counters, and any other text between them. */
const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    'https://',
    'http://example.com/a_(b)',
    'example.com',
    'ex\u0301ample.org/?q=ü',
    't.co/abc',
    'みんな.com',
    'xn--fiqs8s',
    '.com',
    '@',
    '#',
    '$AAPL',
    'e\u0301',
    '\u00e9',
    '👨‍👩‍👧‍👦',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
    '#\ufe0f\u20e3',
    '\u200d',
    '\u2066',
    '字',
    ' ',
    '\n',
  ),
)
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
const holds = <T>(value: fc.Arbitrary<T>, rule: (value: T) => void) =>
  fc.assert(fc.property(value, rule), { numRuns: 1000 })

test('a text counts the same however its characters are composed', () => {
  holds(text, (value) => {
    const length = weightedLength(value)
    expect(weightedLength(value.normalize('NFC'))).toBe(length)
    expect(weightedLength(value.normalize('NFD'))).toBe(length)
    expect(containsUrl(value.normalize('NFD'))).toBe(containsUrl(value))
  })
})

test('links lie in the text, in order, apart from each other, and cut no character in two', () => {
  holds(text, (value) => {
    let end = 0
    for (const span of findUrls(value)) {
      expect(span.start).toBeGreaterThanOrEqual(end)
      expect(span.end).toBeGreaterThan(span.start)
      expect(value.slice(span.start, span.end).isWellFormed()).toBe(true)
      expect(value.slice(0, span.start).isWellFormed()).toBe(true)
      end = span.end
    }
    expect(end).toBeLessThanOrEqual(value.length)
  })
})

test('what stands on lines of its own counts on its own', () => {
  holds(fc.tuple(text, text), ([one, two]) => {
    expect(weightedLength(`${one}\n${two}`)).toBe(weightedLength(one) + 1 + weightedLength(two))
  })
})

test('no text counts less than nothing, or more than two a code point and 23 a link', () => {
  holds(text, (value) => {
    const length = weightedLength(value)
    const links = findUrls(value.normalize('NFC')).length
    expect(length).toBeGreaterThanOrEqual(0)
    expect(length).toBeLessThanOrEqual(2 * [...value.normalize('NFC')].length + 23 * links)
  })
})

test('a link counts 23 whatever its length', () => {
  const path = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 300 })
  holds(path, (value) => {
    expect(weightedLength(`https://example.com/${value}x`)).toBe(23)
    expect(weightedLength(`example.com/${value}x`)).toBe(23)
  })
})

test('an emoji sequence counts two, however many code points it has', () => {
  const emoji = fc.constantFrom(
    '👋',
    '👋🏿',
    '👩‍🚀',
    '👨‍👩‍👧‍👦',
    '🏳️‍🌈',
    '🇩🇪',
    '1️⃣',
    '❤️',
    '🧑🏽‍🤝‍🧑🏻',
  )
  holds(fc.array(emoji, { minLength: 1, maxLength: 20 }), (row) => {
    expect(weightedLength(row.join(' '))).toBe(2 * row.length + row.length - 1)
  })
})

test('a text is too long exactly when it counts more than the limit, and validation never throws', () => {
  holds(fc.tuple(text, fc.integer({ min: 1, max: 280 })), ([value, lengthLimit]) => {
    const slugs = validate(value, { lengthLimit }).map(({ slug }) => slug)
    expect(slugs.includes('text-too-long')).toBe(weightedLength(value) > lengthLimit)
    expect(validate(value, { lengthLimit }).map(({ slug }) => slug)).toEqual(slugs)
  })
})
