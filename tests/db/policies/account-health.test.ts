import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  at,
  connectAccount,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'

type Health = {
  status: string
  token: { state: string }
  lane: { is_open: boolean; closed_by: string[]; blocked_until: string | null }
  rates: { scope: string; seconds: number; remaining: number }[]
  queue: { length: number; next_at: string | null }
  lateness: { count: number; p50_ms: number | null; p95_ms: number | null; p99_ms: number | null }
}

const healthOf = async (tx: Tx, account: Account, period = '1 hour', now = at(600)) => {
  await actFor(tx, account)
  const { rows } = await tx.query<{ health: Health }>(
    'select private.account_health($1, $2::interval, $3) as health',
    [account.id, period, now],
  )
  return rows[0]?.health as Health
}

/** Sends one post `lateMs` after its time. */
const sendLate = async (tx: Tx, account: Account, dueSeconds: number, lateMs: number) => {
  await schedulePost(tx, account, { due: at(dueSeconds) })
  const { claimId, attempts } = await startSending(tx, at(dueSeconds))
  const sent_at = new Date(at(dueSeconds).getTime() + lateMs).toISOString()
  const results = attempts.map((attempt) => resultFor(attempt, 'accepted', { sent_at }))
  await settle(tx, claimId, results, { release: [account.id], now: at(dueSeconds + 1) })
}

test('tells how late posts were: percentiles of sent minus scheduled, over a period', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    expect((await healthOf(tx, account)).lateness).toMatchObject({ count: 0, p50_ms: null })
    for (let place = 1; place <= 20; place += 1) await sendLate(tx, account, place, place * 10)
    await sendLate(tx, await connectAccount(tx), 1, 5000)

    expect((await healthOf(tx, account)).lateness).toMatchObject({
      count: 20,
      p50_ms: 105,
      p95_ms: 190,
      p99_ms: 198,
    })
    expect((await healthOf(tx, account, '1 hour', at(7200))).lateness.count).toBe(0)
    const { rows } = await tx.query<{ post: { late_ms: number } }>(
      `select private.post_document(posts) as post from public.posts
       where account_id = $1 order by scheduled_at`,
      [account.id],
    )
    expect(rows.map(({ post }) => post.late_ms)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index + 1) * 10),
    )
  }))

test('tells whether it can send, and what waits', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { due: at(900) })
    expect(await healthOf(tx, account)).toMatchObject({
      status: 'active',
      token: { state: 'valid' },
      lane: { is_open: true, closed_by: [], blocked_until: null },
      queue: { length: 1 },
      rates: expect.arrayContaining([
        expect.objectContaining({ scope: 'account', seconds: 900, limit: 100, remaining: 100 }),
      ]),
    })

    await tx.query('update private.account_lanes set blocked_until = $1', [at(700)])
    expect((await healthOf(tx, account)).lane).toMatchObject({ is_open: false })
    await tx.query(
      `update private.x_apps set breaker_open_until = 'infinity', breaker_reason = 'No credits.'`,
    )
    expect((await healthOf(tx, account)).lane).toMatchObject({
      app_blocked_until: null,
      app_blocked_reason: 'No credits.',
    })
    await tx.query(`select private.suspend_workspace($1, 'x')`, [account.person.workspaceId])
    expect((await healthOf(tx, account)).lane.closed_by).toEqual(['suspended'])
    await tx.query('select public.disconnect_account($1)', [account.id])
    expect(await healthOf(tx, account)).toMatchObject({
      status: 'disconnected',
      token: { state: 'missing' },
    })
  }))

test.each([
  ['renewable', '{offline.access}', 'active'],
  ['expired', '{tweet.write}', 'active'],
  ['refused', '{offline.access}', 'needs_reauth'],
])('calls a token %s that has scopes %s and a %s account after its end', (state, scopes, status) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query('update private.account_tokens set scopes = $1, expires_at = $2', [
      scopes,
      at(0),
    ])
    await tx.query('update public.accounts set status = $1', [status])
    expect((await healthOf(tx, account)).token.state).toBe(state)
  }),
)
