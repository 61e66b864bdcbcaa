import { describe, expect, it } from 'vitest'
import { validate } from '../../../shared/x/validate.ts'

const slugs = (text: string, lengthLimit = 280) =>
  validate(text, { lengthLimit }).map(({ slug }) => slug)

describe('validating a text', () => {
  it.each([
    'Hello, world! 👋',
    '$TSLA is up',
    'costs $5 and $10',
    'a$TSLA b$AAPL',
    '$toolong77 and $AAPL',
    '$AAPL https://example.com/?a=$MSFT&b=$TSLA',
    'x'.repeat(280),
  ])('accepts %j', (text) => {
    expect(slugs(text)).toEqual([])
  })

  it.each([
    ['   \n', 'text-empty'],
    ['x'.repeat(281), 'text-too-long'],
    ['字'.repeat(141), 'text-too-long'],
    ['$TSLA and $AAPL', 'too-many-cashtags'],
    ['$brk.a, $BRK_B!', 'too-many-cashtags'],
    ['$TSLA\n\u2066$AAPL', 'too-many-cashtags'],
    ['a\ufeffb', 'text-invalid-characters'],
    ['half of an emoji \ud83d', 'text-invalid-characters'],
  ])('refuses %j as %s', (text, slug) => {
    expect(slugs(text)).toEqual([slug])
  })

  it('says how much to cut', () => {
    const [issue] = validate('x'.repeat(300), { lengthLimit: 280 })
    expect(issue).toMatchObject({
      remedy: expect.stringMatching(/^Shorten it by 20, or read its profile again/),
    })
  })

  it('allows long posts to accounts that may write them', () => {
    expect(slugs('x'.repeat(25_000), 25_000)).toEqual([])
  })
})
