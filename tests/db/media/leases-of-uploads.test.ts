import { expect, test } from 'vitest'
import { connect, withTx } from '../../helpers/database.ts'
import {
  claimUploads,
  isMediaReady,
  postWithMedia,
  readyMedia,
  saveUpload,
  settleUpload,
  uploadOf,
} from '../../helpers/media.ts'
import { actFor, at, connectAccount, NOW } from '../../helpers/publishing.ts'

test('a lapsed lease is taken over at the first missing chunk, and its old holder changes nothing', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person, 'video')
    const postId = await postWithMedia(tx, account, [[media]])
    const [frozen] = await claimUploads(tx)
    if (!frozen) throw new Error('an upload was due')
    await saveUpload(tx, frozen, { remote_id: '77', expires_at: at(86_400), next_chunk: 3 })
    expect(await claimUploads(tx, at(59))).toEqual([])

    const [taken] = await claimUploads(tx, at(61))
    expect(taken).toMatchObject({ remote_id: '77', next_chunk: 3 })

    expect(await saveUpload(tx, frozen, { next_chunk: 1 }, at(62))).toEqual({ kept: false })
    expect(await settleUpload(tx, frozen, { state: 'ready' }, at(62))).toEqual({ kept: false })
    expect(await isMediaReady(tx, postId)).toBe(false)
    expect(await uploadOf(tx, media)).toMatchObject({ next_chunk: 3, state: 'waiting' })
  }))

test('a description that changes while a worker holds the upload takes it from him', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]])
    const [held] = await claimUploads(tx)
    if (!held) throw new Error('an upload was due')
    await actFor(tx, account)
    await tx.query('select public.update_media($1, $2)', [media, 'what it really shows'])

    expect(await saveUpload(tx, held, { remote_id: '7', expires_at: at(86_400) })).toEqual({
      kept: false,
    })
    expect(await settleUpload(tx, held, { state: 'ready' })).toEqual({ kept: false })
    expect(await isMediaReady(tx, postId)).toBe(false)
    const [next] = await claimUploads(tx)
    expect(next).toMatchObject({ media_id: media, alt_text: 'what it really shows' })
  }))

test('takes as many uploads as memory has room for, and pictures before videos', () =>
  withTx(async (tx) => {
    const other = await connectAccount(tx)
    await postWithMedia(tx, other, [[await readyMedia(tx, other.person, 'video')]])
    // Else the video below would have a place before all pictures.
    expect(await claimUploads(tx)).toHaveLength(1)
    const account = await connectAccount(tx)
    const video = await readyMedia(tx, account.person, 'video')
    const pictures = [
      await readyMedia(tx, account.person),
      await readyMedia(tx, account.person),
      await readyMedia(tx, account.person),
    ]
    await tx.query('update public.media set bytes = 700 where id = any ($1)', [pictures])
    await tx.query('update public.media set bytes = 9000 where id = $1', [video])
    await postWithMedia(tx, account, [pictures, [video]])

    const claim = async (room: number) => {
      const sql = 'select service.claim_media_uploads(16, $1, 1000, p_now => $2) as uploads'
      const { rows } = await tx.query<{ uploads: { media_id: string }[] }>(sql, [room, NOW])
      return rows[0]?.uploads.map(({ media_id }) => media_id)
    }
    expect(await claim(600)).toEqual([])
    const two = (await claim(2000)) ?? []
    expect(two).toHaveLength(2)
    const last = pictures.filter((picture) => !two.includes(picture))
    expect(await claim(1699)).toEqual(last)
    expect(await claim(999)).toEqual([])
    expect(await claim(1000)).toEqual([video])
  }))

test('saving prolongs the lease', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await postWithMedia(tx, account, [[await readyMedia(tx, account.person)]])
    const [upload] = await claimUploads(tx)
    if (!upload) throw new Error('an upload was due')
    await saveUpload(tx, upload, { remote_id: '7', expires_at: at(86_400) }, at(50))

    expect(await claimUploads(tx, at(70))).toEqual([])
    expect(await claimUploads(tx, at(111))).toHaveLength(1)
  }))

test('failed tries wait longer and longer, and a restart forgets the old id but for looks', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const media = await readyMedia(tx, account.person)
    const postId = await postWithMedia(tx, account, [[media]])
    const later = { slug: 'timeout', detail: 'x', who: 'provider', remedy: 'y' }
    const waits: number[] = []
    let now = NOW
    for (let tries = 0; tries < 4; tries += 1) {
      const [upload] = await claimUploads(tx, now)
      if (!upload) throw new Error('an upload was due')
      await saveUpload(tx, upload, { remote_id: `${tries}`, expires_at: at(86_400) }, now)
      await settleUpload(tx, upload, { later, restart: tries === 3 }, now)
      const { due_at } = (await uploadOf(tx, media)) as { due_at: string }
      waits.push(Math.round((new Date(due_at).getTime() - now.getTime()) / 1000))
      now = new Date(due_at)
    }
    expect(waits).toEqual([2, 4, 8, 16])
    const { rows } = await tx.query('select private.segment_media($1, 0::smallint) as media', [
      postId,
    ])
    expect(rows[0]?.media).toEqual([{ kind: 'photo', remote_ids: ['3'] }])
    expect(await uploadOf(tx, media)).toMatchObject({ remote_id: null, next_chunk: 0 })
  }))

test('two workers never get one upload', async () => {
  const setup = await connect()
  const media: string[] = []
  for (const account of [await connectAccount(setup), await connectAccount(setup)]) {
    for (let count = 0; count < 3; count += 1) media.push(await readyMedia(setup, account.person))
    await postWithMedia(setup, account, [media.slice(-3)])
  }
  const workers = await Promise.all([connect(), connect(), connect()])

  const claims = await Promise.all(workers.map((worker) => claimUploads(worker, NOW, 4)))
  const ids = claims.flat().map(({ media_id }) => media_id)
  expect(new Set(ids).size).toBe(ids.length)
  const rest = (await claimUploads(setup, NOW, 10)).map(({ media_id }) => media_id)
  expect([...ids, ...rest].sort()).toEqual([...media].sort())
})
