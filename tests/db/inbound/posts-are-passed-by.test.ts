import { randomInt, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Receipt } from '../../../shared/inbound/receipt.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  connectAccount,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

const LATER = new Date(Date.now() + 7_200_000)
const digits = () => String(randomInt(1e14))

/** Receipts of so many posts, all claimed. */
const claimed = async (tx: Tx, count: number): Promise<Receipt[]> => {
  const arrivals = Array.from({ length: count }, () => ({
    ...{ provider: 'x', event_id: randomUUID(), type: 'post.create', body: '{}' },
  }))
  await one(tx, 'service.receive_inbound($1)', [JSON.stringify(arrivals)])
  const { receipts } = await one<{ receipts: Receipt[] }>(tx, 'service.claim_inbound(100, $1)', [
    LATER,
  ])
  return receipts
}

const passBy = async (tx: Tx, posts: [Receipt, string, string][]): Promise<string[]> => {
  const rows = posts.map(([{ receipt_id, lease_id }, remote_user_id, remote_id]) => ({
    ...{ receipt_id, lease_id, remote_user_id, remote_id },
  }))
  return (await one<{ open: string[] }>(tx, 'service.pass_by_posts($1)', [JSON.stringify(rows)]))
    .open
}

const outcomesOf = async (tx: Tx, receipts: Receipt[]) => {
  const { rows } = await tx.query<{ id: string; outcome: string | null }>(
    'select id, outcome from private.inbound_receipts where id = any ($1)',
    [receipts.map(({ receipt_id }) => receipt_id)],
  )
  const byId = new Map(rows.map(({ id, outcome }) => [id, outcome]))
  return receipts.map(({ receipt_id }) => byId.get(receipt_id))
}

/** A user of X with a post that X confirmed, and one nobody is sure of. */
const someoneWaiting = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const [userId, remoteId] = [digits(), digits()]
  await tx.query('update public.accounts set remote_user_id = $2 where id = $1', [
    account.id,
    userId,
  ])
  for (const outcome of ['accepted', 'unknown'] as const) {
    await schedulePost(tx, account, { texts: [`${outcome} ${randomUUID()}`] })
    const { claimId, attempts } = await startSending(tx)
    const answer = outcome === 'accepted' ? { remote_id: remoteId } : {}
    const results = attempts.map((attempt) => resultFor(attempt, outcome, answer))
    await settle(tx, claimId, results, { release: [account.id] })
  }
  return { userId, remoteId }
}

test('a post is nobody’s, ours already, or stays open while its author has an open attempt', () =>
  withTx(async (tx) => {
    const { userId, remoteId } = await someoneWaiting(tx)
    const [stranger, ours, waiting] = (await claimed(tx, 3)) as [Receipt, Receipt, Receipt]
    const open = await passBy(tx, [
      [stranger, digits(), digits()],
      [ours, userId, remoteId],
      [waiting, userId, digits()],
    ])
    expect(open).toEqual([waiting.receipt_id])
    expect(await outcomesOf(tx, [stranger, ours, waiting])).toEqual(['ignored', 'applied', null])
  }))

test('who lost the lease ends nothing', () =>
  withTx(async (tx) => {
    const [receipt] = (await claimed(tx, 1)) as [Receipt]
    const late = { ...receipt, lease_id: randomUUID() }
    expect(await passBy(tx, [[late, digits(), digits()]])).toEqual([])
    expect(await outcomesOf(tx, [receipt])).toEqual([null])
    expect(await passBy(tx, [[receipt, digits(), digits()]])).toEqual([])
    expect(await outcomesOf(tx, [receipt])).toEqual(['ignored'])
  }))

test('a crowd is passed by in one call', () =>
  withTx(async (tx) => {
    const receipts = await claimed(tx, 100)
    expect(receipts).toHaveLength(100)
    const posts = receipts.map((receipt) => [receipt, digits(), digits()] as const)
    expect(await passBy(tx, posts as never)).toEqual([])
    expect(new Set(await outcomesOf(tx, receipts))).toEqual(new Set(['ignored']))
  }))
