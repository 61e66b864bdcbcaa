import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  claimUploads,
  isMediaReady,
  postWithMedia,
  readyMedia,
  saveUpload,
  settleUpload,
  uploadAll,
  uploadOf,
} from '../../helpers/media.ts'
import {
  actFor,
  at,
  connectAccount,
  look,
  readPost,
  readSegments,
  rescue,
  resultFor,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const UPDATE = 'select public.update_post($1, $2)'
const PAUSE = 'select public.update_account($1, $2)'

/** X has the first segment of a thread; what it answers to nothing else is up to the test. */
const begun = async (tx: Tx, media: (ready: string) => string[][]) => {
  const account = await connectAccount(tx)
  const picture = await readyMedia(tx, account.person)
  const post = await postWithMedia(tx, account, media(picture), { latePolicy: 'publish' })
  await uploadAll(tx)
  const { claimId, attempts } = await startSending(tx)
  const [first] = attempts
  if (!first) throw new Error('the first segment was due')
  await settle(tx, claimId, [resultFor(first, 'accepted', { remote_id: '11' })], {
    release: [account.id],
  })
  const segments = (
    await tx.query<{ text: string; media_ids: string[] }>(
      'select text, media_ids from public.post_segments where post_id = $1 order by position',
      [post],
    )
  ).rows
  return { account, picture, post, segments, claimId }
}

const refuseNext = async (tx: Tx, accountId: string) => {
  const { claimId, attempts } = await startSending(tx, at(10))
  const [second] = attempts
  if (!second) throw new Error('the second segment was due')
  await settle(tx, claimId, [resultFor(second, 'refused')], {
    release: [accountId],
    now: at(11),
  })
}

test('a picture that a waiting thread is given goes with its segment', () =>
  withTx(async (tx) => {
    const { account, picture, post, segments } = await begun(tx, () => [[], []])
    await actFor(tx, account)
    await tx.query(PAUSE, [account.id, { paused: true }])
    await tick(tx, at(90))
    expect(await readPost(tx, post)).toMatchObject({ status: 'partially_published' })

    const [one, two] = segments
    await tx.query(UPDATE, [post, { segments: [one, { ...two, media_ids: [picture] }] }])
    expect(await isMediaReady(tx, post)).toBe(false)
    await tx.query(PAUSE, [account.id, { paused: false }])
    expect((await startSending(tx, at(100))).attempts).toEqual([])

    const [remote] = await uploadAll(tx, at(100))
    expect((await startSending(tx, at(101))).attempts).toMatchObject([
      { post_id: post, position: 1, media: [remote] },
    ])
  }))

test('a thread that is rid of the medium it waited for goes on', () =>
  withTx(async (tx) => {
    const { account, post, segments } = await begun(tx, (picture) => [[], [picture]])
    await tx.query('update private.media_uploads set expires_at = $1', [at(60)])
    await tick(tx, at(90))
    expect(await isMediaReady(tx, post)).toBe(false)
    await tick(tx, at(160))
    expect(await readPost(tx, post)).toMatchObject({ status: 'partially_published' })

    await actFor(tx, account)
    const [one, two] = segments
    await tx.query(UPDATE, [post, { segments: [one, { ...two, media_ids: [] }] }])
    expect((await startSending(tx, at(170))).attempts).toMatchObject([{ position: 1, media: null }])
  }))

test('what X has of a thread may be deleted here, and its rest still goes out', () =>
  withTx(async (tx) => {
    const { account, picture, post, segments } = await begun(tx, (ready) => [[ready], []])
    await refuseNext(tx, account.id)
    await actFor(tx, account)
    await tx.query('select public.delete_media($1)', [picture])

    const [one, two] = segments
    await tx.query(UPDATE, [post, { segments: [one, { ...two, text: 'put otherwise' }] }])
    await tx.query('select public.resume_post($1)', [post])
    expect((await startSending(tx, new Date(Date.now() + 7_200_000))).attempts).toMatchObject([
      { post_id: post, position: 1, text: 'put otherwise' },
    ])
    expect(await refusalOf(tx, 'select public.duplicate_post($1)', [post])).toMatchObject({
      message: 'media-unknown',
      hint: expect.stringContaining('POST /posts'),
    })
  }))

test('a medium that only a sent segment shows never fails the rest', () =>
  withTx(async (tx) => {
    const { account, picture, post } = await begun(tx, (ready) => [[ready], []])
    await actFor(tx, account)
    await tx.query('select public.update_media($1, $2)', [picture, 'described later'])
    expect(await isMediaReady(tx, post)).toBe(true)
    await tick(tx, at(5))
    expect(await claimUploads(tx, at(5))).toEqual([])
    expect(await readSegments(tx, post)).toMatchObject([
      { status: 'published' },
      { status: 'pending' },
    ])
  }))

test('a segment never goes with an upload that was forgotten while the one before was sent', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const picture = await readyMedia(tx, account.person)
    const post = await postWithMedia(tx, account, [[], [picture]])
    await uploadAll(tx)
    const { claimId, attempts } = await startSending(tx)
    await actFor(tx, account)
    await tx.query('select public.update_media($1, $2)', [picture, 'another description'])
    const [first] = attempts
    if (!first) throw new Error('the first segment was due')
    await settle(tx, claimId, [resultFor(first, 'accepted', { remote_id: '11' })], {
      release: [account.id],
    })

    expect(await isMediaReady(tx, post)).toBe(false)
    expect((await startSending(tx, at(10))).attempts).toEqual([])
    const [remote] = await uploadAll(tx, at(10))
    expect((await startSending(tx, at(11))).attempts).toMatchObject([{ media: [remote] }])
  }))

test('what was forgotten while nobody knew of the segment before is uploaded again', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const picture = await readyMedia(tx, account.person)
    const post = await postWithMedia(tx, account, [[], [picture]])
    await uploadAll(tx)
    await startSending(tx)
    await rescue(tx, at(30))
    expect(await readPost(tx, post)).toMatchObject({ status: 'unconfirmed' })
    await actFor(tx, account)
    await tx.query('select public.update_media($1, $2)', [picture, 'another description'])
    await look(tx, at(45), { verdict: 'found', remote_id: '42', sent_at: at(1) })

    expect(await isMediaReady(tx, post)).toBe(false)
    const [remote] = await uploadAll(tx, at(60))
    expect((await startSending(tx, at(61))).attempts).toMatchObject([
      { post_id: post, position: 1, media: [remote] },
    ])
  }))

test('an attempt whose medium is not on the network says so', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const picture = await readyMedia(tx, account.person)
    const post = await postWithMedia(tx, account, [[picture]])
    await tx.query('update private.publish_jobs set media_ready = true where post_id = $1', [post])
    await tx.query('select private.refresh_lanes(array[$1::uuid])', [account.id])
    expect((await startSending(tx)).attempts).toMatchObject([{ post_id: post, media: [null] }])
  }))

test('only uploads from the start count as such, and a ready one forgets them', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const picture = await readyMedia(tx, account.person)
    await postWithMedia(tx, account, [[picture]])
    const leave = async (ending: object, now: Date) => {
      const [upload] = await claimUploads(tx, now)
      if (!upload) throw new Error('the upload was due')
      await saveUpload(tx, upload, { remote_id: '7', expires_at: at(86_400) }, now)
      await settleUpload(tx, upload, ending, now)
      return uploadOf(tx, picture)
    }
    const later = { slug: 'unavailable', detail: 'x', who: 'provider', remedy: 'y' }
    expect(await leave({ later }, at(0))).toMatchObject({ attempts: 1, restarts: 0 })
    expect(await leave({ later, restart: true }, at(10))).toMatchObject({ restarts: 1 })
    expect(await leave({ state: 'ready' }, at(30))).toMatchObject({ attempts: 0, restarts: 0 })
  }))
