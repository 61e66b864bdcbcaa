import { expect, test } from 'vitest'
import { asOwner, asUser, signUp } from '../../helpers/callers.ts'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import { beginMedia, postWithMedia, readyMedia } from '../../helpers/media.ts'
import { commitAs } from '../../helpers/posts.ts'
import { at, connectAccount, count, NOW, readPost } from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const REMOVE = 'select public.delete_media($1)'
const SCHEDULE = 'select public.schedule_post($1, $2)'

const statusOf = async (tx: Tx, mediaId: string) =>
  (await tx.query<{ status: string }>('select status from public.media where id = $1', [mediaId]))
    .rows[0]?.status

const removals = (tx: Tx) => count(tx, 'private.object_removals')

test('what a scheduled post shows is not deleted, and the refusal names the post', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]])
    await asUser(tx, account.person.id)

    expect(await refusalOf(tx, REMOVE, [media])).toMatchObject({
      code: 'PT409',
      message: 'media-in-use',
      detail: expect.stringContaining(postId),
    })
    await tx.query('select public.cancel_post($1)', [postId])
    await tx.query(REMOVE, [media])
    await asOwner(tx)
    expect(await statusOf(tx, media)).toBe('deleted')
    expect(await removals(tx)).toBe(1)
  }))

test('a draft whose media were deleted says so when it is scheduled', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const draft = await postWithMedia(tx, account, [[media]], { due: null })
    await asUser(tx, account.person.id)
    await tx.query(REMOVE, [media])

    expect(await refusalOf(tx, SCHEDULE, [draft, NOW])).toMatchObject({ message: 'media-unknown' })
  }))

test('media that have not come, or are rejected, keep a post from being scheduled', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const waiting = await beginMedia(tx, account.person)
    const draft = await postWithMedia(tx, account, [[waiting]], { due: null })
    await asUser(tx, account.person.id)
    expect(await refusalOf(tx, SCHEDULE, [draft, NOW])).toMatchObject({
      message: 'media-not-ready',
    })
    await asOwner(tx)
    const rejection = { slug: 'media-unreadable', detail: 'No picture.', remedy: 'Another one.' }
    await tx.query('select service.record_media($1, $2)', [waiting, { rejection }])
    expect(await removals(tx)).toBe(1)
    await asUser(tx, account.person.id)
    expect(await refusalOf(tx, SCHEDULE, [draft, NOW])).toMatchObject({
      message: 'media-rejected',
      hint: 'Another one.',
    })
  }))

test("no post shows another workspace's media", () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const foreign = await readyMedia(tx, await signUp(tx))
    await asUser(tx, account.person.id)
    const post = { account_id: account.id, segments: [{ text: 'x', media_ids: [foreign] }] }
    expect(await refusalOf(tx, 'select public.create_post($1)', [post])).toMatchObject({
      code: 'PT422',
      message: 'media-unknown',
    })
  }))

test('what is read of a file is recorded once', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const media = await readyMedia(tx, person)
    const again = { etag: 'other', width: 1, height: 1 }
    await tx.query('select service.record_media($1, $2)', [media, again])
    const { rows } = await tx.query('select etag, width from public.media where id = $1', [media])
    expect(rows).toEqual([{ etag: 'e', width: 10 }])
  }))

test('an object is removed at once, and once more after nobody can upload it any more', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const media = await readyMedia(tx, person)
    await asUser(tx, person.id)
    await tx.query(REMOVE, [media])
    await asOwner(tx)
    const claim = async (now: Date) => {
      const sql = 'select service.claim_object_removals(p_now => $1) as keys'
      return (await tx.query<{ keys: string[] }>(sql, [now])).rows[0]?.keys ?? []
    }
    const settle = (keys: string[], now: Date) =>
      tx.query('select service.settle_object_removals($1, $2)', [keys, now])

    const first = await claim(new Date(Date.now() + 1_000))
    expect(first).toEqual([`media/${person.workspaceId}/${media}`])
    await settle(first, new Date())
    expect(await claim(new Date(Date.now() + 600_000))).toEqual([])
    const last = await claim(new Date(Date.now() + 2 * 3_600_000 + 60_000))
    expect(last).toEqual(first)
    await settle(last, new Date(Date.now() + 2 * 3_600_000 + 60_000))
    expect(await removals(tx)).toBe(0)
  }))

test('deleting and scheduling at once: never a scheduled post without its media', async () => {
  const setup = await connect()
  const account = await connectAccount(setup)
  const [deleter, scheduler] = await Promise.all([connect(), connect()])
  for (let round = 0; round < 12; round += 1) {
    const media = await readyMedia(setup, account.person)
    const draft = await postWithMedia(setup, account, [[media]], { due: null })
    await Promise.allSettled([
      commitAs(deleter, account.person, 'public.delete_media($1)', [media]),
      commitAs(scheduler, account.person, 'public.schedule_post($1, $2)', [
        draft,
        at(3_600 + round),
      ]),
    ])
    const isDeleted = (await statusOf(setup, media)) === 'deleted'
    const isScheduled = (await readPost(setup, draft)).status === 'scheduled'
    expect([isDeleted, isScheduled].filter(Boolean)).toHaveLength(1)
  }
})
