import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
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
  claimJobs,
  connectAccount,
  eventTypes,
  NOW,
  readPost,
  readSegments,
  resultFor,
  schedulePost,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

const ERROR = { slug: 'media-refused', detail: 'No.', who: 'author', remedy: 'Use another file.' }

test('a post waits for its media, and its lane goes on without it', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const withMedia = await postWithMedia(tx, account, [[media]])
    const plain = await schedulePost(tx, account, { due: at(1) })

    const { attempts } = await startSending(tx, at(2))

    expect(attempts.map(({ post_id }) => post_id)).toEqual([plain])
    expect(await isMediaReady(tx, withMedia)).toBe(false)
  }))

test('when all its media are there it goes, with their ids in order', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [one, two] = [
      await readyMedia(tx, account.person),
      await readyMedia(tx, account.person),
    ] as const
    const postId = await postWithMedia(tx, account, [[two, one]])
    const [first, second] = await claimUploads(tx)
    if (!first || !second) throw new Error('two uploads were due')
    const expires_at = at(86_400)
    const finish = async (upload: typeof first, remote_id: string) => {
      await saveUpload(tx, upload, { remote_id, expires_at })
      await settleUpload(tx, upload, { state: 'ready', expires_at })
    }
    await finish(first, `1${first.media_id === one ? 1 : 2}`)
    expect(await isMediaReady(tx, postId)).toBe(false)
    await finish(second, `1${second.media_id === one ? 1 : 2}`)
    expect(await isMediaReady(tx, postId)).toBe(true)

    const { attempts } = await startSending(tx)
    expect(attempts).toMatchObject([{ post_id: postId, media: ['12', '11'] }])
  }))

test('every segment of a thread counts before the first goes', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[], [media]])

    expect(await isMediaReady(tx, postId)).toBe(false)
    await uploadAll(tx)
    expect(await isMediaReady(tx, postId)).toBe(true)
  }))

test('nothing is uploaded long before it is needed, and a video earlier than a picture', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const image = await readyMedia(tx, account.person, 'image')
    const video = await readyMedia(tx, account.person, 'video')
    await postWithMedia(tx, account, [[image]], { due: at(3600) })
    await postWithMedia(tx, account, [[video]], { due: at(3600) })
    const due = async (now: Date) => (await claimUploads(tx, now)).map(({ media_id }) => media_id)

    expect(await due(at(3600 - 901))).toEqual([])
    expect(await due(at(3600 - 900))).toEqual([video])
    expect(await due(at(3600 - 300))).toContain(image)
  }))

test('an upload the network forgets too early is made anew before the post goes', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const first = await postWithMedia(tx, account, [[media]])
    const [old] = await uploadAll(tx)
    const later = await postWithMedia(tx, account, [[media]], { due: at(2 * 86_400) })

    expect(await isMediaReady(tx, first)).toBe(true)
    expect(await isMediaReady(tx, later)).toBe(false)

    await tick(tx, at(2 * 86_400 - 300))
    const [fresh] = await uploadAll(tx, at(2 * 86_400 - 300))
    expect(fresh).not.toBe(old)
    expect(await isMediaReady(tx, later)).toBe(true)
    expect(await uploadOf(tx, media)).toMatchObject({ past_remote_ids: [old], remote_id: fresh })
  }))

test('a post that is late does not go with an upload the network has forgotten', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]], { latePolicy: 'publish' })
    await uploadAll(tx)
    expect((await claimJobs(tx, { now: NOW })).lanes).toHaveLength(1)

    const afterExpiry = at(86_400 + 60)
    await tick(tx, afterExpiry)
    expect(await isMediaReady(tx, postId)).toBe(false)
    expect((await startSending(tx, afterExpiry)).attempts).toEqual([])

    await uploadAll(tx, afterExpiry)
    expect((await startSending(tx, afterExpiry)).attempts).toHaveLength(1)
  }))

test('a medium the network refuses fails the post at once, and scheduling it again tries again', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[], [media]], { due: at(200) })
    const [upload] = await claimUploads(tx)
    if (!upload) throw new Error('an upload was due')

    await settleUpload(tx, upload, { failed: ERROR })

    expect(await readPost(tx, postId)).toMatchObject({
      status: 'failed',
      failure: { ...ERROR, segment: 1, media_id: media },
    })
    expect(await readSegments(tx, postId)).toMatchObject([
      { status: 'pending' },
      { status: 'failed' },
    ])
    expect(await eventTypes(tx, postId)).toContain('post.failed')
    expect((await startSending(tx, at(200))).attempts).toEqual([])

    await tx.query(`select set_config('request.jwt.claims', $1, false)`, [
      JSON.stringify({ sub: account.person.id, role: 'authenticated' }),
    ])
    await tx.query('select public.schedule_post($1, $2)', [postId, at(250)])
    await uploadAll(tx)
    expect((await startSending(tx, at(250))).attempts).toHaveLength(1)
  }))

test('a description that changes after the upload travels with a new one', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]])
    const [old] = await uploadAll(tx)
    await actFor(tx, account)
    await tx.query('select public.update_media($1, $2)', [media, 'what it really shows'])
    expect(await isMediaReady(tx, postId)).toBe(false)

    const [fresh] = await uploadAll(tx)
    expect(fresh).not.toBe(old)
    expect(await isMediaReady(tx, postId)).toBe(true)
  }))

test('when X does not know an upload of its own, the post waits for a new one', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]])
    await uploadAll(tx)
    const { claimId, attempts } = await startSending(tx)
    const [attempt] = attempts
    if (!attempt) throw new Error('the post was due')
    const error = { slug: 'media-gone', detail: 'x', who: 'provider', remedy: 'y' }
    const result = resultFor(attempt, 'retry', { error })
    await settle(tx, claimId, [result], { release: [account.id] })

    expect(await isMediaReady(tx, postId)).toBe(false)
    expect((await startSending(tx, at(20))).attempts).toEqual([])
    await uploadAll(tx, at(20))
    expect((await startSending(tx, at(20))).attempts).toMatchObject([
      { post_id: postId, number: 2, media_losses: 1 },
    ])
  }))

test('the late policy holds a post whose media never come', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]])

    await tick(tx, at(3601))
    expect(await readPost(tx, postId)).toMatchObject({ status: 'held', held_reason: 'stale' })
  }))

test.each([
  [
    'paused',
    `select public.update_workspace($1, '{"paused": true}')`,
    `select public.update_workspace($1, '{"paused": false}')`,
  ],
  [
    'suspended',
    `select private.suspend_workspace($1, 'x')`,
    'select private.unsuspend_workspace($1)',
  ],
])('nothing of a %s workspace is uploaded, and all of it once that ends', (_, stop, start) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    await postWithMedia(tx, account, [[media]], { due: at(60), latePolicy: 'publish' })
    const act = async (sql: string) => {
      await actFor(tx, account)
      await tx.query(sql, [account.person.workspaceId])
    }
    await act(stop)
    expect(await claimUploads(tx, at(0))).toEqual([])
    await act(start)
    expect(await claimUploads(tx, at(3600))).toHaveLength(1)
  }),
)

test('a post that is due and shows its medium no more wakes a worker at once', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const postId = await postWithMedia(tx, account, [[await readyMedia(tx, account.person)]])
    await tx.query(`update private.doorbells set rung_at = '-infinity' where slug = 'publish'`)

    await actFor(tx, account)
    const changes = { segments: [{ text: 'without it', media_ids: [] }] }
    await tx.query('select private.update_post($1, $2, null, $3)', [postId, changes, at(1)])

    const { rows } = await tx.query(`select rung_at from private.doorbells where slug = 'publish'`)
    expect(rows).toEqual([{ rung_at: at(1) }])
    expect((await startSending(tx, at(1))).attempts).toMatchObject([{ post_id: postId }])
  }))

test('what no post needs any more is not uploaded', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]])
    await tx.query('delete from private.publish_jobs where post_id = $1', [postId])

    expect(await claimUploads(tx)).toEqual([])
    expect(await uploadOf(tx, media)).toMatchObject({ due_at: 'infinity' })
  }))
