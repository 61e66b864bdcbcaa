import { expect, test } from 'vitest'
import type { TimelineItem } from '../../../shared/networks/network.ts'
import { compareUnsent, type UnsentPost } from '../../../shared/publishing/compare-unsent.ts'
import type { Look } from '../../../shared/publishing/find-attempt.ts'
import { match } from '../../../shared/x/match.ts'
import { after, START } from '../../helpers/fake-worker.ts'

const photo = (remoteId: string) => ({ kind: 'photo' as const, remoteId, alt: null })
const upload = (...remote_ids: string[]) => ({ kind: 'photo' as const, remote_ids })

type Segment = UnsentPost['segments'][number]

const unsent = (post_id: string, rest: Partial<Segment> = {}): UnsentPost => ({
  post_id,
  scheduled_at: START.toISOString(),
  is_due: true,
  segments: [
    { position: 0, text: 'Hello', status: 'pending', remote_id: null, media: [], ...rest },
  ],
})

const open = (post_id: string, rest: Partial<Look> = {}): Look => ({
  ...{ post_id, position: 0, number: 1, text: 'Hello', reply_to: null, media: [] },
  ...{ sending_at: START.toISOString(), tries: 1, ...rest },
})

const item = (remoteId: string, rest: Partial<TimelineItem> = {}): TimelineItem => ({
  ...{ remoteId, authorId: '7', text: 'Hello', createdAt: after(1_000) },
  ...{ replyTo: null, quotes: null, media: [], ...rest },
})

const compare = (posts: UnsentPost[], items: TimelineItem[], looks: Look[] = []) => {
  const { finds, disputed } = compareUnsent(posts, items, START, match, looks)
  return { found: finds.map(({ post_id, remote_id }) => [post_id, remote_id]), disputed }
}

test('finds what the lost time sent', () => {
  expect(compare([unsent('a')], [item('1')])).toEqual({ found: [['a', '1']], disputed: [] })
})

test('never takes for an unsent post what an open attempt uploaded', () => {
  const picture = { text: '', media: [upload('m1')] }
  const seen = item('1', { text: '', media: [photo('m1')] })
  const later = unsent('b', { text: '', media: [upload()] })
  expect(compare([later], [seen])).toEqual({ found: [['b', '1']], disputed: [] })
  expect(compare([later], [seen], [open('a', picture)])).toEqual({ found: [], disputed: [] })
})

test('disputes what may be an unsent post or an open attempt', () => {
  expect(compare([unsent('b')], [item('1')], [open('a')])).toEqual({ found: [], disputed: ['b'] })
})

test('gives both theirs where each has one, in the order they were sent', () => {
  const seen = [item('1'), item('2', { createdAt: after(60_000) })]
  const later = { ...unsent('b'), scheduled_at: after(30_000).toISOString() }
  expect(compare([later], seen, [open('a')])).toEqual({ found: [['b', '2']], disputed: [] })
})

test('a given-up attempt of the very post is no rival to it', () => {
  expect(compare([unsent('a')], [item('1')], [open('a')])).toEqual({
    found: [['a', '1']],
    disputed: [],
  })
})
