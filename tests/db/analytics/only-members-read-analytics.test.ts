import { expect, test } from 'vitest'
import { publishedPost, readingAt, rollUpAll, saveMetrics } from '../../helpers/analytics.ts'
import { asAnon, asOwner, asService, asUser, signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount, count } from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const TABLES = ['post_analytics', 'post_stats', 'account_stats_hourly', 'account_stats_daily']

async function measured(tx: Tx) {
  const account = await connectAccount(tx)
  const post = await publishedPost(tx, account)
  await saveMetrics(tx, [readingAt(post, 10, { impressions: 3 })])
  await rollUpAll(tx)
  return { account, post, stranger: await signUp(tx) }
}

test.each(TABLES)('%s shows its rows to members and to nobody else', (table) =>
  withTx(async (tx) => {
    const { account, stranger } = await measured(tx)
    const viewer = await signUp(tx)
    await tx.query(`insert into public.workspace_members values ($1, $2, 'viewer')`, [
      account.person.workspaceId,
      viewer.id,
    ])
    const rows = () => count(tx, `public.${table}`)

    await asUser(tx, account.person.id)
    expect(await rows()).toBe(1)
    await asUser(tx, viewer.id)
    expect(await rows()).toBe(1)
    await asUser(tx, stranger.id)
    expect(await rows()).toBe(0)
    await asService(tx)
    expect(await rows()).toBe(1)
    await asAnon(tx)
    expect(await refusalOf(tx, `select from public.${table}`)).toMatchObject({ code: '42501' })
  }),
)

test.each([...TABLES, 'usage_stats'])('%s cannot be written by callers', (table) =>
  withTx(async (tx) => {
    const { account } = await measured(tx)
    for (const become of [
      () => asUser(tx, account.person.id),
      () => asAnon(tx),
      () => asService(tx),
    ]) {
      await become()
      for (const write of [
        `insert into public.${table} default values`,
        `update public.${table} set workspace_id = null`.replace(
          'workspace_id',
          table === 'usage_stats' ? 'user_id' : 'workspace_id',
        ),
        `delete from public.${table}`,
      ]) {
        expect(await refusalOf(tx, write)).toMatchObject({ code: '42501' })
      }
      await asOwner(tx)
    }
  }),
)

test('reads of a foreign account or post look like reads of an absent one', () =>
  withTx(async (tx) => {
    const { account, post, stranger } = await measured(tx)
    const read = async (id: string) => {
      await asUser(tx, id)
      // Late in the evening what was measured an hour from now lies in tomorrow.
      const { rows } = await tx.query(
        `select
           public.get_account_summary($1, null, (now() at time zone 'UTC')::date + 2) as summary,
           public.get_post_analytics($2) as post`,
        [account.id, post],
      )
      return rows[0]
    }

    expect(await read(stranger.id)).toEqual({ summary: null, post: null })
    expect(await read(account.person.id)).toMatchObject({
      summary: { totals: { impressions: 3 } },
      post: { latest: { impressions: 3 } },
    })
  }))

test('service functions of analytics refuse everyone but the secret key', () =>
  withTx(async (tx) => {
    const { account } = await measured(tx)
    const calls = [
      'service.claim_collections(gen_random_uuid())',
      `service.save_metrics('[]', gen_random_uuid())`,
      'service.roll_up()',
      `service.record_usage('[]')`,
    ]
    for (const call of calls) {
      await asUser(tx, account.person.id)
      expect(await refusalOf(tx, `select ${call}`)).toMatchObject({ code: '42501' })
      await asAnon(tx)
      expect(await refusalOf(tx, `select ${call}`)).toMatchObject({ code: '42501' })
      await asService(tx)
      expect((await tx.query(`select ${call}`)).rowCount).toBe(1)
    }
  }))
