import { expect, test } from 'vitest'
import type { TimelineItem } from '../../../shared/networks/network.ts'
import { judgeLooks, type OpenLook } from '../../../shared/publishing/judge-looks.ts'
import { match } from '../../../shared/x/match.ts'
import { after, fakeWorker, START } from '../../helpers/fake-worker.ts'

const photo = (...remote_ids: string[]) => ({ kind: 'photo' as const, remote_ids })

/** An attempt to post photos without a text. */
const look = (media: OpenLook['media'], rest: Partial<OpenLook> = {}): OpenLook => ({
  post_id: 'post',
  position: 0,
  number: 1,
  look_id: 'look',
  text: '',
  reply_to: null,
  media,
  sending_at: START.toISOString(),
  tries: 1,
  ...rest,
})

/** A post of photos whose ids X names, or does not. */
const item = (remoteId: string, ...ids: (string | null)[]): TimelineItem => ({
  remoteId,
  authorId: '7',
  text: '',
  createdAt: after(8 * 3_600_000),
  replyTo: null,
  quotes: null,
  media: ids.map((id) => ({ kind: 'photo', remoteId: id, alt: null })),
})

const judge = async (looks: OpenLook[], items: TimelineItem[]) => {
  const { deps } = fakeWorker({ list_owned_remote_ids: () => [] })
  const verdicts = await judgeLooks(deps, { match }, looks, { items, gap: null })
  return verdicts.map(({ verdict, remote_id, candidates, is_certain }) => ({
    verdict,
    ...(remote_id && { remote_id }),
    ...(candidates && { candidates }),
    ...(is_certain && { is_certain }),
  }))
}

test("a photo that the owner posts by hand is never taken for a post of ours, and is a person's to judge", async () => {
  expect(await judge([look([photo('11')])], [item('1', '99')])).toEqual([
    { verdict: 'ambiguous', candidates: ['1'] },
  ])
})

test('nor with the same text, nor with as many of them as attempts', async () => {
  const looks = [
    look([photo('11')], { post_id: 'a' }),
    look([photo('12')], { post_id: 'b', text: 'Good morning' }),
    look([photo('13')], { post_id: 'c' }),
  ]
  const typed = { ...item('2', '98'), text: 'Good morning' }
  expect(await judge(looks, [item('1', '99'), typed, item('3', '97')])).toEqual([
    { verdict: 'ambiguous', candidates: ['1'] },
    { verdict: 'ambiguous', candidates: ['2'] },
    { verdict: 'ambiguous', candidates: ['3'] },
  ])
})

test('a post that shows an upload of ours is ours, whichever of its uploads', async () => {
  const found = { verdict: 'found', remote_id: '1' }
  expect(await judge([look([photo('10', '11')])], [item('1', '11'), item('2', '99')])).toEqual([
    { ...found, is_certain: true },
  ])
  expect(await judge([look([photo('11'), photo('12')])], [item('1', '11', '99')])).toEqual([found])
})

test('where X names no media, their number and kinds tell', async () => {
  const found = { verdict: 'found', remote_id: '1' }
  expect(await judge([look([photo('11')])], [item('1', null)])).toEqual([found])
})
