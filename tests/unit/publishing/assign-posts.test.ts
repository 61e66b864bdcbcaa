import { expect, test } from 'vitest'
import type { TimelineItem } from '../../../shared/networks/network.ts'
import { assignPosts } from '../../../shared/publishing/assign-posts.ts'
import { couldBe, type Look } from '../../../shared/publishing/find-attempt.ts'
import { match } from '../../../shared/x/match.ts'
import { after, START } from '../../helpers/fake-worker.ts'

const look = (rest: Partial<Look> = {}): Look => ({
  post_id: 'post',
  position: 0,
  number: 1,
  text: 'Hello & welcome',
  reply_to: null,
  media: [],
  sending_at: START.toISOString(),
  tries: 1,
  ...rest,
})

const item = (remoteId: string, rest: Partial<TimelineItem> = {}): TimelineItem => ({
  remoteId,
  authorId: '7',
  text: 'Hello & welcome',
  createdAt: after(1_000),
  replyTo: null,
  quotes: null,
  media: [],
  ...rest,
})

const photo = (remoteId: string | null) => ({ kind: 'photo' as const, remoteId, alt: null })
const upload = (...remote_ids: string[]) => ({ kind: 'photo' as const, remote_ids })

/** What each look gets: an id, "ambiguous" or nothing. */
const assign = (looks: Look[], items: TimelineItem[]) => {
  const assigned = assignPosts(looks, items, (one, seen) => couldBe(one, seen, match))
  return looks.map((one) => {
    const result = assigned.get(one)
    return result?.kind === 'found' ? result.item.remoteId : result?.kind
  })
}

const find = (items: TimelineItem[], of: Partial<Look> = {}) => assign([look(of)], items)[0]

test('finds the post with the text of the attempt', () => {
  expect(find([item('1', { text: 'Another' }), item('2')])).toBe('2')
})

test("allows the network's clock to be two minutes behind, and not more", () => {
  expect(find([item('1', { createdAt: after(-120_000) })])).toBe('1')
  expect(find([item('1', { createdAt: after(-120_001) })])).toBe('nothing')
})

test('never takes a post with another parent, nor a quote', () => {
  expect(find([item('1', { replyTo: '9' })])).toBe('nothing')
  expect(find([item('1')], { reply_to: '9' })).toBe('nothing')
  expect(find([item('1', { replyTo: '9' })], { reply_to: '9' })).toBe('1')
  expect(find([item('1', { quotes: '5' })])).toBe('nothing')
})

test('a link to a post in the text becomes a quote of it by itself', () => {
  const text = 'look https://x.com/bob/status/5'
  expect(find([item('1', { quotes: '5', text })], { text })).toBe('1')
  expect(find([item('1', { quotes: '55', text })], { text })).toBe('nothing')
})

test('of two posts that could be it, neither is taken', () => {
  expect(find([item('new', { createdAt: after(9_000) }), item('old')])).toBe('ambiguous')
})

test('a segment that was sent twice may be there twice: the first is it', () => {
  const items = [item('new', { createdAt: after(900_000) }), item('old')]
  expect(find(items, { tries: 2 })).toBe('old')
  expect(find([...items, item('typed')], { tries: 2 })).toBe('ambiguous')
})

test('of two segments that are alike, neither takes a post that could be of both', () => {
  const looks = [look({ post_id: 'a' }), look({ post_id: 'b' })]
  expect(assign(looks, [item('1')])).toEqual(['ambiguous', 'ambiguous'])
})

test('as many posts as segments that are alike are given in the order they were sent', () => {
  const looks = [
    look({ post_id: 'b', sending_at: after(60_000).toISOString() }),
    look({ post_id: 'a' }),
  ]
  const items = [item('2', { createdAt: after(61_000) }), item('1')]
  expect(assign(looks, items)).toEqual(['2', '1'])
})

test('a post that is older than one of two attempts alike belongs to the other', () => {
  const looks = [
    look({ post_id: 'a' }),
    look({ post_id: 'b', sending_at: after(600_000).toISOString() }),
  ]
  expect(assign(looks, [item('1')])).toEqual(['1', 'nothing'])
})

test('one group of posts alike says nothing about another', () => {
  const looks = [look({ post_id: 'a' }), look({ post_id: 'b' }), look({ post_id: 'c', text: 'C' })]
  expect(assign(looks, [item('1'), item('3', { text: 'C' })])).toEqual([
    'ambiguous',
    'ambiguous',
    '3',
  ])
})

test('media are compared: their number, their kinds and their order', () => {
  const media = [upload('11'), { ...upload('12'), kind: 'video' as const }]
  const video = { ...photo(null), kind: 'video' as const }
  expect(find([item('1')], { media })).toBe('nothing')
  expect(find([item('1', { media: [photo(null)] })], { media })).toBe('nothing')
  expect(find([item('1', { media: [video, photo(null)] })], { media })).toBe('nothing')
  expect(find([item('1', { media: [photo(null), video] })], { media })).toBe('1')
  expect(find([item('1', { media: [photo(null)] })])).toBe('nothing')
})

test('a post of media alone is found by its media', () => {
  const items = [item('1', { text: '', media: [photo('11')] })]
  expect(find(items, { text: '', media: [upload('10', '11')] })).toBe('1')
})

test('an upload tells apart what is alike in all else', () => {
  const looks = [
    look({ post_id: 'a', text: '', media: [upload('11')] }),
    look({ post_id: 'b', text: '', media: [upload('12')] }),
  ]
  expect(assign(looks, [item('1', { text: '', media: [photo('12')] })])).toEqual(['nothing', '1'])
})

test('one upload may be in two posts alike: then it tells nothing apart', () => {
  const of = (post_id: string) => look({ post_id, text: '', media: [upload('11')] })
  const items = [item('1', { text: '', media: [photo('11')] })]
  expect(assign([of('a'), of('b')], items)).toEqual(['ambiguous', 'ambiguous'])
})
