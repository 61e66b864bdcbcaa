import { expect, test } from 'vitest'
import { asUser } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { claimUploads, postWithMedia, readyMedia, settleUpload } from '../../helpers/media.ts'
import { type Account, actFor, at, connectAccount, schedulePost } from '../../helpers/publishing.ts'

type Row = {
  due_at: string
  post: { id: string }
  reasons: { slug: string; who: string; detail: string; remedy: string; until: string | null }[]
}

const listAtRisk = async (
  tx: Tx,
  account: Account,
  { after = null as unknown[] | null, limit = 50, now = at(0) } = {},
): Promise<Row[]> => {
  await actFor(tx, account)
  const { rows } = await tx.query<{ page: Row[] }>(
    'select private.list_at_risk($1, $2, $3, $4) as page',
    [account.person.workspaceId, after ? JSON.stringify(after) : null, limit, now],
  )
  return rows[0]?.page ?? []
}

const slugsOf = async (tx: Tx, account: Account, now = at(0)) =>
  (await listAtRisk(tx, account, { now })).map(({ post, reasons }) => [
    post.id,
    reasons.map(({ slug }) => slug).toSorted(),
  ])

/** What keeps an account from sending, and how it gets into that state. */
const RISKS: [string, string, unknown[]?][] = [
  ['suspended', `select private.suspend_workspace(workspace_id, 'x') from public.accounts`],
  [
    'paused',
    `select public.update_workspace(workspace_id, '{"paused": true}') from public.accounts`,
  ],
  ['paused', `select public.update_account(id, '{"paused": true}') from public.accounts`],
  ['token', `update public.accounts set status = 'needs_reauth'`],
  ['token', 'select public.disconnect_account(id) from public.accounts'],
  ['budget', `select private.close_lanes(array_agg(id), 'budget') from public.accounts`],
  ['app-blocked', `update private.x_apps set breaker_open_until = 'infinity'`],
  ['publishing-held', 'update private.incarnation set held_since = $1', [at(0)]],
  ['publishing-held', `select private.close_lanes(array_agg(id), 'restored') from public.accounts`],
]

test.each(RISKS)('tells of %s: %s', (slug, change, values = []) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { due: at(3600) })
    await schedulePost(tx, account, { due: at(25 * 3600) })
    await actFor(tx, account)
    // A token without offline access would be a risk of its own.
    await tx.query(`update private.account_tokens set scopes = '{offline.access}'`)
    expect(await slugsOf(tx, account)).toEqual([])

    await tx.query(change, values)
    expect(await slugsOf(tx, account)).toEqual([[post, [slug]]])
  }),
)

test('media put a post at risk when its time is near or a try has failed, not for being early', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query(`update private.account_tokens set scopes = '{offline.access}'`)
    const media = await readyMedia(tx, account.person)
    const post = await postWithMedia(tx, account, [[media]], { due: at(3600) })
    expect(await slugsOf(tx, account)).toEqual([])
    expect(await slugsOf(tx, account, at(3500))).toEqual([[post, ['media']]])

    const [upload] = await claimUploads(tx, at(3300))
    if (!upload) throw new Error('an upload was due')
    const later = { slug: 'timeout', detail: 'x', who: 'provider', remedy: 'y' }
    await settleUpload(tx, upload, { later }, at(3300))
    const [row] = await listAtRisk(tx, account, { now: at(3301) })
    expect(row).toMatchObject({
      post: { id: post },
      reasons: [{ slug: 'media', detail: 'x', remedy: 'y', until: null }],
    })
  }))

test('a rate window puts at risk what is due within it, and says when it ends', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const within = await schedulePost(tx, account, { due: at(600) })
    await schedulePost(tx, account, { due: at(901) })
    await tx.query(`update private.account_tokens set scopes = '{offline.access}'`)
    await tx.query('update private.account_lanes set blocked_until = $1', [at(900)])

    const rows = await listAtRisk(tx, account)
    expect(rows.map(({ post }) => post.id)).toEqual([within])
    expect(new Date(rows[0]?.reasons[0]?.until ?? '')).toEqual(at(900))
  }))

test('a breaker puts at risk what is due before it closes, with what X and its owner can do', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const within = await schedulePost(tx, account, { due: at(200) })
    await schedulePost(tx, account, { due: at(301) })
    await tx.query(`update private.account_tokens set scopes = '{offline.access}'`)
    await tx.query(
      `update private.x_apps set
         breaker_open_until = $1, breaker_reason = 'No credits.', breaker_remedy = 'Buy credits.'`,
      [at(300)],
    )
    const rows = await listAtRisk(tx, account)
    expect(rows.map(({ post }) => post.id)).toEqual([within])
    expect(rows[0]?.reasons).toMatchObject([{ detail: 'No credits.', remedy: 'Buy credits.' }])
    expect(new Date(rows[0]?.reasons[0]?.until ?? '')).toEqual(at(300))

    const review =
      'select private.list_account_warnings(accounts, $2) as warning from public.accounts where id = $1'
    const { rows: warnings } = await tx.query<{ warning: string }>(review, [account.id, at(0)])
    expect(warnings[0]?.warning).toMatch(/before .+ No credits\..+Buy credits\./)
  }))

test('a token that cannot be renewed puts at risk what is due after its end', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { due: at(3600) })
    const after = await schedulePost(tx, account, { due: at(7300) })
    await tx.query('update private.account_tokens set expires_at = $1', [at(7200)])
    expect(await slugsOf(tx, account)).toEqual([[after, ['token']]])
  }))

test('a thread of an account that may not reply to itself is at risk, a single post is not', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query(`update private.account_tokens set scopes = '{offline.access}'`)
    const thread = await schedulePost(tx, account, { due: at(60), texts: ['a', 'b'] })
    await schedulePost(tx, account, { due: at(60) })
    await tx.query('update public.accounts set can_self_reply = false')
    expect(await slugsOf(tx, account)).toEqual([[thread, ['self-reply']]])
  }))

test('pages follow one another over accounts, the first due first, without gaps or repeats', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const second = await connectAccount(tx, account.person)
    const expected: string[] = []
    for (let minute = 0; minute < 7; minute += 1) {
      const whose = minute % 2 === 0 ? account : second
      expected.push(await schedulePost(tx, whose, { due: at(60 * minute) }))
    }
    await actFor(tx, account)
    await tx.query(`select public.update_workspace($1, '{"paused": true}')`, [
      account.person.workspaceId,
    ])
    const seen: string[] = []
    let after: unknown[] | null = null
    for (;;) {
      const page: Row[] = await listAtRisk(tx, account, { after, limit: 3 })
      seen.push(...page.map(({ post }) => post.id))
      const last = page.at(-1)
      if (!last) break
      after = [last.due_at, last.post.id]
    }
    expect(seen).toEqual(expected)
  }))

test('strangers see nothing, and one workspace nothing of another', () =>
  withTx(async (tx) => {
    const [account, other] = [await connectAccount(tx), await connectAccount(tx)]
    await schedulePost(tx, account)
    await tx.query(`select private.suspend_workspace(workspace_id, 'x') from public.accounts`)
    expect(await listAtRisk(tx, other)).toEqual([])
    await asUser(tx, other.person.id)
    await expect(
      tx.query('select public.list_at_risk($1)', [account.person.workspaceId]),
    ).rejects.toMatchObject({ code: 'PT404' })
  }))

test('is read through indexes, whatever waits in other workspaces', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query(`
      insert into private.publish_jobs (post_id, account_id, workspace_id, run_at)
      select private.uuid_v7(), '${account.id}', '${account.person.workspaceId}',
        now() + interval '2 days' + number * interval '1 second'
      from generate_series(1, 20000) as number`)
    await tx.query('analyze private.publish_jobs')
    const before = await pagesRead(tx)
    await listAtRisk(tx, account)
    expect((await pagesRead(tx)) - before).toBeLessThan(100)
  }))

const pagesRead = async (tx: Tx): Promise<number> => {
  const { rows } = await tx.query<{ pages: string }>(
    `select pg_stat_get_xact_tuples_returned('private.publish_jobs'::regclass) as pages`,
  )
  return Number(rows[0]?.pages)
}
