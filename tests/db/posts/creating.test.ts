import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asOwner, asUser } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { type Account, connectAccount, count, eventTypes } from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const SQL = 'select public.create_post($1, $2) as post'

type Document = { id: string; version: number; status: string; segments: { text: string }[] }

const create = async (tx: Tx, account: Account, post: object, dryRun = false) => {
  await asUser(tx, account.person.id)
  const { rows } = await tx.query<{ post: Document }>(SQL, [
    { account_id: account.id, segments: ['one'], ...post },
    dryRun,
  ])
  await asOwner(tx)
  return rows[0]?.post as Document
}

const refuse = async (tx: Tx, account: Account, post: object) => {
  await asUser(tx, account.person.id)
  return refusalOf(tx, SQL, [{ account_id: account.id, segments: ['one'], ...post }, false])
}

const PLACES = [
  'public.posts',
  'public.post_segments',
  `public.events where subject_type = 'post'`,
  'private.publish_jobs',
  'private.usage_log',
  'net.http_request_queue',
]

/** How much there is of everything a post leaves behind. */
const traces = async (tx: Tx) => {
  const counts: number[] = []
  for (const place of PLACES) counts.push(await count(tx, place))
  return counts
}

test('a draft keeps its segments in order, and is on no queue', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await create(tx, account, { segments: ['one', 'two', 'three'] })

    expect(post).toMatchObject({
      status: 'draft',
      version: 1,
      user_id: account.person.id,
      workspace_id: account.person.workspaceId,
      content: 'one\n\ntwo\n\nthree',
      scheduled_at: null,
      late_policy: 'hold',
      late_after_seconds: 3600,
    })
    expect(post.segments.map(({ text }) => text)).toEqual(['one', 'two', 'three'])
    expect(await count(tx, 'private.publish_jobs')).toBe(0)
    expect(await eventTypes(tx, post.id)).toEqual(['post.created'])
  }))

test('a post with a time is scheduled in the same transaction', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await create(tx, account, { scheduled_at: '2040-01-01T00:00:00Z' })

    expect(post).toMatchObject({ status: 'scheduled', version: 2 })
    expect(await count(tx, 'private.publish_jobs where post_id = $1', [post.id])).toBe(1)
    expect(await eventTypes(tx, post.id)).toEqual(['post.created', 'post.scheduled'])
  }))

test.each([{}, { scheduled_at: '2040-01-01T00:00:00Z' }, { scheduled_at: new Date() }])(
  'a dry run of %j answers as the real one, and leaves nothing',
  (post) =>
    withTx(async (tx) => {
      await tx.query(`select vault.create_secret('http://127.0.0.1:1', 'project_url'),
      vault.create_secret('sb_secret_test', 'cron_key')`)
      const account = await connectAccount(tx)
      const before = await traces(tx)

      const dry = await create(tx, account, post, true)

      expect(await traces(tx)).toEqual(before)
      const real = await create(tx, account, post)
      const { id, created_at, updated_at, ...rest } = real as Document & Record<string, unknown>
      expect(dry).toMatchObject({ ...rest, id: expect.not.stringMatching(id) })
      expect([created_at, updated_at]).not.toContain(undefined)
    }),
)

test('a dry run is refused as the real one', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await asUser(tx, account.person.id)
    const past = { account_id: account.id, segments: ['one'], scheduled_at: '2020-01-01T00:00:00Z' }
    expect(await refusalOf(tx, SQL, [past, true])).toEqual(await refusalOf(tx, SQL, [past, false]))
  }))

test('a time in the past is refused, and nothing is left of the post', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const before = await traces(tx)

    const scheduled_at = new Date(Date.now() - 61_000)
    expect(await refuse(tx, account, { scheduled_at })).toMatchObject({
      code: 'PT422',
      message: 'scheduled-in-past',
    })

    await asOwner(tx)
    expect(await traces(tx)).toEqual(before)
  }))

test('a moment ago is now: clocks differ and requests take time', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const scheduled_at = new Date(Date.now() - 30_000)
    expect(await create(tx, account, { scheduled_at })).toMatchObject({ status: 'scheduled' })
  }))

test('nothing can be scheduled for an account that is disconnected, but drafts can be written', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await asUser(tx, account.person.id)
    await tx.query('select public.disconnect_account($1)', [account.id])

    expect(await refuse(tx, account, { scheduled_at: '2040-01-01T00:00:00Z' })).toMatchObject({
      code: 'PT409',
      message: 'account-not-connected',
    })
    expect(await create(tx, account, {})).toMatchObject({ status: 'draft' })
  }))

test('an account that is not there is the same 404 as one of others', () =>
  withTx(async (tx) => {
    const [mine, foreign] = [await connectAccount(tx), await connectAccount(tx)]
    const absent = { ...foreign, id: randomUUID(), person: mine.person }
    const answers = [
      await refuse(tx, { ...foreign, person: mine.person }, {}),
      await refuse(tx, absent, {}),
      await refuse(tx, mine, { account_id: null }),
    ]
    expect(answers[0]).toMatchObject({ code: 'PT404', message: 'not-found' })
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  }))

test.each([
  ['no segment', { segments: [] }],
  ['an empty segment', { segments: ['one', ''] }],
  ['26 segments', { segments: Array.from({ length: 26 }, () => 'one') }],
  ['metadata that is a list', { metadata: [] }],
  ['metadata of more than 8 kB', { metadata: { text: 'x'.repeat(8200) } }],
  ['a policy nobody knows', { late_policy: 'ignore' }],
  ['no patience', { late_after_seconds: 0 }],
  ['a time that never comes', { scheduled_at: 'infinity' }],
])('%s is refused by the tables themselves', (_, post) =>
  withTx(async (tx) => {
    const { code } = await refuse(tx, await connectAccount(tx), post)
    expect(['23514', '23502']).toContain(code)
  }),
)
