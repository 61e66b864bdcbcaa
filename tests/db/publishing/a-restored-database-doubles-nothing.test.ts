import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClockedWorker, openClockedWorker } from '../../helpers/clocked-worker.ts'
import { connect, type Tx } from '../../helpers/database.ts'
import { count, readPost, readSegments, schedulePost } from '../../helpers/publishing.ts'

// Posts go out, the database comes back from before that, and the real worker reads the real sandbox.

const SLOW = { timeout: 90_000 }

let tx: Tx
let world: ClockedWorker
beforeAll(async () => {
  tx = await connect()
  world = await openClockedWorker(tx)
})
afterAll(() => world.close())

/** Puts posts back to what they were before they were sent, under another timeline. */
const restore = async (posts: string[]) => {
  for (const table of [
    'public.publish_attempts',
    'private.remote_posts',
    'private.live_attempts',
  ]) {
    await tx.query(`delete from ${table} where post_id = any ($1)`, [posts])
  }
  await tx.query('alter table public.posts disable trigger user')
  await tx.query(
    `update public.posts set status = 'scheduled', published_at = null where id = any ($1)`,
    [posts],
  )
  await tx.query('alter table public.posts enable trigger user')
  await tx.query(
    `update public.post_segments set status = 'pending', remote_id = null, published_at = null
     where post_id = any ($1)`,
    [posts],
  )
  await tx.query('select private.enqueue_posts($1)', [posts])
  await tx.query('update private.incarnation set timeline = timeline + 1')
}

test('what was sent in the lost time is adopted; the rest goes out, once', SLOW, async () => {
  const [account, other] = [await world.connect('restored'), await world.connect('elsewhere')]
  const options = { due: world.now(), latePolicy: 'publish' }
  const single = await schedulePost(tx, account, options)
  const thread = await schedulePost(tx, account, { ...options, texts: ['one', 'two & three'] })
  await world.pass(120, 15)
  const sent = await world.accepted('restored')
  expect(sent).toHaveLength(3)
  const unsent = await schedulePost(tx, other, {
    ...options,
    due: new Date(world.now().getTime() + 30_000),
  })
  await restore([single, thread])

  await world.pass(60, 15)
  expect((await readPost(tx, single)).status).toBe('published')
  expect((await readPost(tx, thread)).status).toBe('published')
  const segments = [...(await readSegments(tx, single)), ...(await readSegments(tx, thread))]
  expect(segments.map(({ remote_id }) => remote_id).sort()).toEqual(sent)
  expect(await world.accepted('elsewhere')).toEqual([])
  expect(await count(tx, `private.alerts where kind = 'publishing-held'`)).toBe(1)

  await world.pass(600)
  expect(await world.accepted('restored')).toEqual(sent)
  expect(await world.accepted('elsewhere')).toHaveLength(1)
  expect((await readPost(tx, unsent)).status).toBe('published')
  expect(await count(tx, `private.alerts where kind = 'publishing-held'`)).toBe(0)
  expect(await count(tx, 'private.restored_accounts')).toBe(0)
})

test(
  'no token is refreshed meanwhile; an account that cannot be read waits alone',
  SLOW,
  async () => {
    const [expired, reader] = [await world.connect('expired'), await world.connect('reader')]
    const options = { due: new Date(world.now().getTime() + 30_000), latePolicy: 'publish' }
    const [waiting, free] = [
      await schedulePost(tx, expired, options),
      await schedulePost(tx, reader, options),
    ]
    await tx.query('update private.account_tokens set expires_at = $2 where account_id = $1', [
      expired.id,
      world.now(),
    ])
    await tx.query('update private.incarnation set timeline = timeline + 1')

    await world.pass(900)

    expect((await readPost(tx, free)).status).toBe('published')
    expect((await readPost(tx, waiting)).status).toBe('scheduled')
    const { rows } = await tx.query(
      'select accounts.status, tokens.version::int from public.accounts join private.account_tokens as tokens on account_id = id where id = $1',
      [expired.id],
    )
    expect(rows).toEqual([{ status: 'needs_reauth', version: 1 }])
  },
)
