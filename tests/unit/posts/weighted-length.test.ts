import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { findUrls } from '../../../shared/posts/find-urls.ts'
import { containsUrl, weightedLength } from '../../../shared/posts/weighted-length.ts'
import { validate } from '../../../shared/x/validate.ts'

type Counted = {
  description: string
  text: string
  expected: { weightedLength: number; valid: boolean }
}
type Linked = { description: string; text: string; expected: boolean }

const data = (name: string) => readFileSync(new URL(`../../data/${name}`, import.meta.url), 'utf8')
const vectors = parse(data('twitter-text-validate.yml')).tests as {
  tweets: Linked[]
  WeightedTweetsCounterTest: Counted[]
  WeightedTweetsWithDiscountedEmojiCounterTest: Counted[]
  UnicodeDirectionalMarkerCounterTest: Counted[]
  urls: Linked[]
  urls_without_protocol: Linked[]
}
/** Groups about names and tags: X counts those like any text. */
const UNCOUNTED = ['usernames', 'lists', 'hashtags']

const linked = (text: string) => findUrls(text).map(({ start, end }) => text.slice(start, end))

describe("X's own vectors", () => {
  it.each([
    ...vectors.WeightedTweetsWithDiscountedEmojiCounterTest,
    ...vectors.UnicodeDirectionalMarkerCounterTest,
  ])('counts as X does: $description', ({ text, expected }) => {
    expect(weightedLength(text)).toBe(expected.weightedLength)
  })

  it.each([
    ...vectors.WeightedTweetsWithDiscountedEmojiCounterTest,
    ...vectors.UnicodeDirectionalMarkerCounterTest,
  ])('takes what X takes, and no more: $description', ({ text, expected }) => {
    expect(validate(text, { lengthLimit: 280 }).length === 0).toBe(expected.valid)
  })

  // The configuration before the present one, which counted every code point of an emoji.
  it.each(
    vectors.WeightedTweetsCounterTest.filter(
      ({ text }) => !/\p{Extended_Pictographic}/u.test(text),
    ),
  )('counts as X did before, where nothing changed: $description', ({ text, expected }) => {
    expect(weightedLength(text)).toBe(expected.weightedLength)
  })

  // Of the time of 140 characters: what was valid still is, and an empty text still is not.
  it.each(vectors.tweets.filter(({ text, expected }) => expected || text === ''))(
    'takes what X always took: $description',
    ({ text, expected }) => {
      expect(validate(text, { lengthLimit: 280 }).length === 0).toBe(expected)
    },
  )

  it.each(vectors.urls_without_protocol)('sees a link: $description', ({ text, expected }) => {
    expect(containsUrl(text)).toBe(expected)
    expect(weightedLength(text)).toBe(23)
  })

  it.each(vectors.urls.filter(({ expected }) => !expected))(
    'takes for no link as a whole: $description',
    ({ text }) => {
      expect(linked(text)).not.toContain(text)
    },
  )

  // X calls user names, passwords and bare addresses valid in a URL, and links none of them in a post.
  it.each(vectors.urls.filter(({ text, expected }) => expected && !/@|\/\/\d|\/\/\[/.test(text)))(
    'sees a link: $description',
    ({ text }) => {
      expect(findUrls(text)[0]?.start).toBe(0)
    },
  )

  it('leaves out no group that is about length or links', () => {
    expect(Object.keys(vectors).filter((group) => !UNCOUNTED.includes(group))).toEqual([
      'tweets',
      'urls',
      'urls_without_protocol',
      'WeightedTweetsCounterTest',
      'WeightedTweetsWithDiscountedEmojiCounterTest',
      'UnicodeDirectionalMarkerCounterTest',
    ])
  })

  it('uses the weights of configuration 3', () => {
    const config = JSON.parse(data('twitter-text-v3.json')) as {
      transformedURLLength: number
      ranges: { start: number; end: number; weight: number }[]
    }
    for (const { start, end, weight } of config.ranges) {
      expect(weightedLength(String.fromCodePoint(end, end)) / 2).toBe(weight / 100)
      expect(weightedLength(String.fromCodePoint(start + 1, end)) / 2).toBe(weight / 100)
    }
    expect(weightedLength('https://example.com/x')).toBe(config.transformedURLLength)
  })
})

describe('links', () => {
  it.each([
    ['two bare domains', 'foo.com and www.foo.co.uk/a', ['foo.com', 'www.foo.co.uk/a']],
    ['no unknown top-level domain', 'foo.baz www.xxxxxxx.baz foo.comm foo.somecom', []],
    ['no file name', 'long.test.tar.bz2 read.me2 main.t', []],
    ['no e-mail address', 'john.doe.gov@mail.com', []],
    ['no hashtag, mention or cashtag', '#test.com @test.com $TVI.CA #http://test.com', []],
    ['no underscore in the domain', 'http://twitter_underscore.com', []],
    [
      'an underscore in a subdomain',
      'http://sub_domain-dash.twitter.com',
      ['http://sub_domain-dash.twitter.com'],
    ],
    ['no leading dash', 'http://-leadingdash.twitter.com http://leadingdash.-twitter.com', []],
    ['no trailing dash', 'http://trailingdash-.twitter.com http://trailingdash.twitter-.com', []],
    ['a typo after the domain', 'http://domain.com-that-needs-a-space', ['http://domain.com']],
    [
      'among Japanese',
      'これは日本語です。example.com/path中国語example.com',
      ['example.com/path', 'example.com'],
    ],
    ['a Japanese top-level domain', 'twitter.みんなです', ['twitter.みんな']],
    [
      'an international host',
      'http://exampleこれは日本語です.com/path',
      ['http://exampleこれは日本語です.com/path'],
    ],
    ['no broken punycode', 'Hello http://xn--はじめよう.com/index.html', []],
    [
      'the domain alone before Japanese',
      'http://example.comだよね.comtest/hoge',
      ['http://example.com'],
    ],
    [
      'balanced parentheses',
      '(http://en.wikipedia.org/wiki/Primer_(film))',
      ['http://en.wikipedia.org/wiki/Primer_(film)'],
    ],
    [
      'no full stop after it',
      'see http://twitter.com/. and example.org.',
      ['http://twitter.com/', 'example.org'],
    ],
    [
      'a short link without what trails it',
      "http://t.co/pbY2NfTZ's http://t.co/TKLp64dY.x",
      ['http://t.co/pbY2NfTZ', 'http://t.co/TKLp64dY'],
    ],
    ['no short link that is too long', 'http://t.co/abcdefghijklmnopqrstuvwxyz012345678901234', []],
    [
      'no other link in what trails a short one',
      'http://t.co/abc,a.com/example.com b.com',
      ['http://t.co/abc', 'b.com'],
    ],
    ['no link in the path of a host whose label is too long', `${'a'.repeat(64)}.com/,b.com`, []],
    [
      'a link inside a query',
      'http://www.foo.com?referer=https://t.co/abcde x',
      ['http://www.foo.com?referer=https://t.co/abcde'],
    ],
    ['a port and a fragment', 'http://somehost.com:3000/#a', ['http://somehost.com:3000/#a']],
    ['an accented bare domain', 'test ELPAÍS.com', ['ELPAÍS.com']],
    ['after directional marks', '\u2066\u202atwitter.com\u202c\u2069', ['twitter.com']],
    [
      'several lines',
      'http://twitter.com\nexample.com/path\nit.so',
      ['http://twitter.com', 'example.com/path', 'it.so'],
    ],
  ])('finds %s', (_name, text, expected) => {
    expect(linked(text)).toEqual(expected)
  })

  it.each([
    ['http', 'http://example.com/', 0],
    ['https, in another script', 'https://bücher.example.com/', 'xn--bcher-kva'.length - 6],
    ['no protocol, as if it were https', 'example.com/', 'https://'.length],
  ])('takes no address above 4,096 characters for a link: %s', (_name, begin, unseen) => {
    const longest = begin.padEnd(4_096 - unseen, 'x')
    expect(linked(`${longest} b.com`)).toEqual([longest, 'b.com'])
    expect(linked(`${longest}x b.com`)).toEqual(['b.com'])
    expect(weightedLength(`${longest}x`)).toBe(longest.length + 1)
  })

  it('takes no short link for one when what trails it is too long', () => {
    expect(linked(`http://t.co/abc?${'x'.repeat(4_096)}`)).toEqual([])
  })

  it('finds a short host before a long run that is none', () => {
    expect(linked(`http://example.com${'字'.repeat(5_000)}`)).toEqual(['http://example.com'])
  })

  it('stays fast on text made to make it slow', () => {
    const started = performance.now()
    for (const part of ['(a', 'a.', 'http://a.', 'a-', 'http://a.com/(', ',', 'x.com/']) {
      weightedLength(`http://example.com/${part.repeat(12_000)}`)
    }
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  // Quadratic work would need minutes for each; the bound is no measure of speed.
  it.each([
    ['a bad label at the start', 400_000, 'https://_a-.', 'com.'],
    ['labels that only a subdomain may be', 400_000, 'https://', 'a_b.com.'],
    ['addresses within an address', 1_000_000, '', 'http://a.com/'],
    ['bare addresses within one', 1_000_000, '', 'x.com/,'],
    ['short links within a short link', 1_000_000, '', 'http://t.co/a/'],
    ['Cyrillic paths', 1_000_000, '', 'http://a.com/\u0436'],
  ])('reads a text once: %s', { timeout: 60_000 }, (_name, length, begin, part) => {
    const text = `${begin}${part.repeat(length / part.length)}x`
    const started = performance.now()
    findUrls(text)
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
