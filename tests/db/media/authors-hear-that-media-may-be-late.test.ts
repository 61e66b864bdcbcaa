import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { postWithMedia, readyMedia, uploadAll } from '../../helpers/media.ts'
import { type Account, actFor, at, connectAccount, NOW } from '../../helpers/publishing.ts'

type Notice = { pointer: string; slug: string; detail: string }

/** Where a review of segments that show media, due so many seconds from now, says that these may be late. */
const warned = async (tx: Tx, account: Account, media: string[][], seconds: number | null) => {
  await actFor(tx, account)
  const segments = media.map((media_ids, place) => ({ text: `text ${place}`, media_ids }))
  const scheduled_at = seconds === null ? undefined : at(seconds)
  const { rows } = await tx.query<{ review: { warnings: Notice[] } }>(
    'select private.review_post($1, $2) as review',
    [{ account_id: account.id, segments, scheduled_at }, NOW],
  )
  const notices = rows[0]?.review.warnings.filter(({ slug }) => slug === 'media-late') ?? []
  return notices.map(({ pointer, detail }) => [pointer, detail.match(/\d+ minutes/)?.[0]])
}

test('a post that is due before its media are sure to be on X says so, segment by segment', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const picture = await readyMedia(tx, account.person)
    const video = await readyMedia(tx, account.person, 'video')
    const media = [[], [picture], [video]]

    const ofVideo = ['/segments/2/media_ids', '15 minutes']
    expect(await warned(tx, account, media, 299)).toEqual([
      ['/segments/1/media_ids', '5 minutes'],
      ofVideo,
    ])
    expect(await warned(tx, account, media, 300)).toEqual([ofVideo])
    expect(await warned(tx, account, media, 899)).toEqual([ofVideo])
    expect(await warned(tx, account, media, 900)).toEqual([])
  }))

test('drafts and what is to go at once have no time at which they could be late', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const video = await readyMedia(tx, account.person, 'video')
    expect(await warned(tx, account, [[video]], null)).toEqual([])
    expect(await warned(tx, account, [[video]], 0)).toEqual([])
  }))

test('what X has of the account already is not late', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const other = await connectAccount(tx, account.person)
    const picture = await readyMedia(tx, account.person)
    await postWithMedia(tx, account, [[picture]])
    await uploadAll(tx)
    expect(await warned(tx, account, [[picture]], 60)).toEqual([])
    expect(await warned(tx, other, [[picture]], 60)).toHaveLength(1)
  }))
