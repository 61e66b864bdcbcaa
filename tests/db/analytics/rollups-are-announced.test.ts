import { expect, test } from 'vitest'
import { StatsMessage } from '../../../shared/events/messages.ts'
import { publishedPost, readingAt, saveMetrics } from '../../helpers/analytics.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount, count } from '../../helpers/publishing.ts'

const rollUpAt = (tx: Tx, now: Date) => tx.query('select service.roll_up(5000, $1)', [now])

const messagesOf = async (tx: Tx, accountId: string) =>
  (
    await tx.query<{ event: string; private: boolean; payload: { days: object[] } }>(
      `select event, private, payload - 'id' as payload from realtime.messages
       where topic = 'account:' || $1 order by inserted_at`,
      [accountId],
    )
  ).rows

test('sends one private message per account and fold, with the days as they are now', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const quiet = await connectAccount(tx)
    const posts = [await publishedPost(tx, account), await publishedPost(tx, account)]
    for (const post of posts) {
      await saveMetrics(tx, [readingAt(post, 10, { impressions: 40, likes: 2 })])
    }

    await rollUpAt(tx, new Date())

    const date = expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/)
    const days = [expect.objectContaining({ date, posts: 2, impressions: 80, likes: 4 })]
    expect(await messagesOf(tx, account.id)).toEqual([
      { event: 'stats', private: true, payload: { account_id: account.id, days } },
    ])
    expect(await messagesOf(tx, quiet.id)).toEqual([])
    for (const { payload } of await messagesOf(tx, account.id)) StatsMessage.parse(payload)
  }))

test('writes metrics.updated once an hour per account, and not for posts alone', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await publishedPost(tx, account)
    const events = () =>
      count(tx, `public.events where subject_id = $1 and type = 'metrics.updated'`, [account.id])
    const start = Date.now()
    const fold = async (minutes: number, impressions: number) => {
      if (impressions > 0) await saveMetrics(tx, [readingAt(post, minutes * 60, { impressions })])
      await rollUpAt(tx, new Date(start + minutes * 60_000))
      return events()
    }

    expect(await fold(0, 0)).toBe(0)
    expect(await fold(1, 5)).toBe(1)
    expect(await fold(30, 9)).toBe(1)
    expect(await fold(61, 12)).toBe(2)
  }))
