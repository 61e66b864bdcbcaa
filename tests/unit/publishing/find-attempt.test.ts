import { expect, test } from 'vitest'
import type { TimelineItem } from '../../../shared/networks/network.ts'
import { findAttempt, type Look } from '../../../shared/publishing/find-attempt.ts'
import { sameText } from '../../../shared/x/texts.ts'
import { after, START } from '../../helpers/fake-worker.ts'

const look: Look = {
  post_id: 'post',
  position: 0,
  number: 1,
  text: 'Hello & welcome',
  reply_to: null,
  sending_at: START.toISOString(),
}

const item = (remoteId: string, rest: Partial<TimelineItem> = {}): TimelineItem => ({
  remoteId,
  text: look.text,
  createdAt: after(1_000),
  replyTo: null,
  ...rest,
})

const find = (items: TimelineItem[], of: Partial<Look> = {}) =>
  findAttempt({ ...look, ...of }, items, sameText)?.remoteId

test('finds the post with the text of the attempt', () => {
  expect(find([item('1', { text: 'Another' }), item('2')])).toBe('2')
})

test('takes the oldest that could be it: later ones cannot be ours', () => {
  expect(find([item('new', { createdAt: after(9_000) }), item('old')])).toBe('old')
})

test("allows the network's clock to be two minutes behind, and not more", () => {
  expect(find([item('1', { createdAt: after(-120_000) })])).toBe('1')
  expect(find([item('1', { createdAt: after(-120_001) })])).toBeUndefined()
})

test('never takes a reply for an original post, nor a reply to another parent', () => {
  expect(find([item('1', { replyTo: '7' })])).toBeUndefined()
  expect(find([item('1')], { reply_to: '7' })).toBeUndefined()
  expect(find([item('1', { replyTo: '8' })], { reply_to: '7' })).toBeUndefined()
  expect(find([item('1', { replyTo: '7' })], { reply_to: '7' })).toBe('1')
})

test('finds nothing in an empty timeline', () => {
  expect(find([])).toBeUndefined()
})
