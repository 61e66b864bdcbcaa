import { expect, test } from 'vitest'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import {
  type ClaimedUpload,
  claimUploads,
  postWithMedia,
  readyMedia,
  settleUpload,
  uploadOf,
} from '../../helpers/media.ts'
import { type Account, at, connectAccount, NOW, tick } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'
import { until } from '../../helpers/until.ts'

const ERROR = { slug: 'media-refused', detail: 'No.', who: 'author', remedy: 'Use another file.' }

type Kind = 'image' | 'video'

/** A post that shows one medium; due, unless told otherwise. Returns the medium. */
const show = async (tx: Tx, account: Account, kind: Kind = 'image', due = NOW) => {
  const medium = await readyMedia(tx, account.person, kind)
  await postWithMedia(tx, account, [[medium]], { due })
  return medium
}

/** Many posts with a picture each, due an hour ago, of `accounts` accounts of a workspace. */
const crowd = async (tx: Tx, { id, person }: Account, posts: number) => {
  await tx.query(
    `with files as (
       insert into public.media (
         workspace_id, file_name, content_type, bytes, kind, status, etag, upload_expires_at, ready_at
       )
       select $1, 'cat.png', 'image/png', 1000, 'image', 'ready', 'e', now(), now()
       from generate_series(1, $3)
       returning id
     ), made as (
       insert into public.posts (workspace_id, account_id, content, status, scheduled_at, late_policy)
       select $1, $2, 'text', 'scheduled', $4, 'publish' from files
       returning id
     ), pairs as (
       select posts.id as post_id, files.id as media_id
       from (select id, row_number() over () as place from made) as posts
       join (select id, row_number() over () as place from files) as files using (place)
     ), segments as (
       insert into public.post_segments (post_id, position, workspace_id, text, media_ids)
       select post_id, 0, $1, 'text', array[media_id] from pairs
     )
     select private.enqueue_posts(array_agg(post_id), $4 - interval '1 day') from pairs`,
    [person.workspaceId, id, posts, at(-3600)],
  )
  // As autovacuum would have done: what other tests left and took back is no measure of a crowd.
  await tx.query(
    'analyze public.posts, public.post_segments, public.media, private.media_uses, private.publish_jobs',
  )
  await tx.query(
    'select private.prepare_media(array_agg(post_id), $2) from private.publish_jobs where account_id = $1',
    [id, at(-7200)],
  )
}

const isWaiting = async (tx: Tx) =>
  (
    await tx.query(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'
         and query like '%claim_media_uploads%'`,
    )
  ).rowCount === 1

const accountsOf = (uploads: ClaimedUpload[]) => uploads.map(({ account_id }) => account_id)

const claimed = async (tx: Tx, limit: number, now = NOW) =>
  (await claimUploads(tx, now, limit)).map(({ media_id }) => media_id)

test('5,000 due pictures of one workspace keep the only one of another waiting for no turn', () =>
  withTx(async (tx) => {
    const big = [await connectAccount(tx)]
    for (const person of Array(4).fill(big[0]?.person)) big.push(await connectAccount(tx, person))
    for (const account of big) await crowd(tx, account, 1_000)
    expect(await claimUploads(tx, NOW, 15)).toHaveLength(15)

    const small = await show(tx, await connectAccount(tx))
    expect(await claimed(tx, 1)).toEqual([small])

    expect(await claimed(tx, 10)).toHaveLength(5)
  }))

test('every workspace has its first turn before any has its second', () =>
  withTx(async (tx) => {
    const accounts: Account[] = []
    for (let workspace = 0; workspace < 3; workspace += 1) {
      const account = await connectAccount(tx)
      accounts.push(account)
      for (let post = 0; post < 3; post += 1) await show(tx, account, 'image', at(workspace))
    }
    const ids = accounts.map(({ id }) => id).sort()
    for (let turn = 0; turn < 3; turn += 1) {
      expect(accountsOf(await claimUploads(tx, NOW, 3)).sort()).toEqual(ids)
    }
  }))

test('a turn is a picture first, and then a video', () =>
  withTx(async (tx) => {
    await show(tx, await connectAccount(tx), 'video', at(-60))
    expect(await claimed(tx, 1)).toHaveLength(1)

    const [one, two] = [await connectAccount(tx), await connectAccount(tx)]
    const video = await show(tx, await connectAccount(tx), 'video', at(-30))
    const [first, second] = [await show(tx, one), await show(tx, two)]
    expect((await claimed(tx, 2)).sort()).toEqual([first, second].sort())
    expect(await claimed(tx, 1)).toEqual([video])
  }))

test('however many pictures are due, one video is under way', () =>
  withTx(async (tx) => {
    for (let workspace = 0; workspace < 4; workspace += 1) await show(tx, await connectAccount(tx))
    const last = await connectAccount(tx)
    const [first, second] = [await show(tx, last, 'video'), await show(tx, last, 'video', at(1))]

    const [video] = await claimUploads(tx, NOW, 1)
    expect(video?.media_id).toBe(first)
    expect(await claimed(tx, 3)).not.toContain(second)
    if (video) await settleUpload(tx, video, { failed: ERROR })
    expect(await claimed(tx, 1)).toEqual([second])
  }))

test('a video waits for its room in memory, and no picture takes it meanwhile', () =>
  withTx(async (tx) => {
    const [one, two] = [await connectAccount(tx), await connectAccount(tx)]
    const [picture, video] = [await show(tx, one), await show(tx, two, 'video')]
    await tx.query('update public.media set bytes = 9000 where id = $1', [video])
    const claim = async (room: number) => {
      const sql = 'select service.claim_media_uploads(16, $1, 4000, p_now => $2) as uploads'
      const { rows } = await tx.query<{ uploads: ClaimedUpload[] }>(sql, [room, NOW])
      return rows[0]?.uploads.map(({ media_id }) => media_id).sort()
    }
    expect(await claim(3999)).toEqual([])
    expect(await claim(5000)).toEqual([picture, video].sort())
  }))

test('an account whose calls hang holds four places at most', () =>
  withTx(async (tx) => {
    const hanging = await connectAccount(tx)
    for (let post = 0; post < 6; post += 1) await show(tx, hanging, 'image', at(-60))
    const held = await claimUploads(tx, NOW, 16)
    expect(held).toHaveLength(4)
    expect(await claimed(tx, 16)).toEqual([])
    const other = await show(tx, await connectAccount(tx, hanging.person))
    expect(await claimed(tx, 16)).toEqual([other])

    const [first] = held
    if (first) await settleUpload(tx, first, { failed: ERROR })
    expect(accountsOf(await claimUploads(tx, NOW, 16))).toEqual([hanging.id])
    // All leases have lapsed.
    const again = accountsOf(await claimUploads(tx, at(61), 16))
    expect(again.filter((id) => id === hanging.id)).toHaveLength(4)
  }))

test('an account holds four places at most, whoever claims while others do', async () => {
  const setup = await connect()
  const account = await connectAccount(setup)
  for (let post = 0; post < 5; post += 1) await show(setup, account)

  const claims = await race(2, async (client, index, meet) => {
    if (index === 1) {
      await meet()
      return claimUploads(client, NOW, 16)
    }
    await client.query('begin')
    const first = await claimUploads(client, NOW, 16)
    // By its time the next is before all others, so nobody who counts without the first would miss it.
    const earlier = await show(setup, account)
    await setup.query('update private.media_uploads set due_at = $2 where media_id = $1', [
      earlier,
      at(-9000),
    ])
    await meet()
    await until('the other waits', () => isWaiting(setup))
    await client.query('commit')
    return first
  })

  const taken = claims.map((claim) => (claim.status === 'fulfilled' ? claim.value.length : claim))
  expect(taken).toEqual([4, 0])
})

test('files of a paused account stay where they are, however many uploads are due before', () =>
  withTx(async (tx) => {
    const busy = await connectAccount(tx)
    await crowd(tx, busy, 1_100)
    const paused = await connectAccount(tx)
    const medium = await show(tx, paused)
    await tx.query(`select private.close_lanes(array[$1::uuid], 'account')`, [paused.id])

    expect(accountsOf(await claimUploads(tx, NOW, 16))).toEqual(Array(4).fill(busy.id))

    await tick(tx, NOW)
    expect(await uploadOf(tx, medium)).toMatchObject({ lease_id: null, remote_id: null })
  }))

test('what has been due longest is put off first when nobody needs it', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await crowd(tx, account, 1_100)
    const oldest = await show(tx, account)
    await tx.query(`update private.media_uploads set due_at = $2 where media_id = $1`, [
      oldest,
      at(-9000),
    ])
    await tx.query('delete from private.publish_jobs where account_id = $1', [account.id])

    await tick(tx, NOW)
    expect(await uploadOf(tx, oldest)).toMatchObject({ due_at: 'infinity' })
  }))
