import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asOwner, asUser, signUp } from '../../helpers/callers.ts'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount, count, schedulePost } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const fold = async (tx: Tx, limit = 10_000) =>
  (await tx.query<{ folded: number }>('select private.fold_usage($1) as folded', [limit])).rows[0]
    ?.folded ?? 0

const usageOf = async (tx: Tx, userId: string) => {
  await asUser(tx, userId)
  const { rows } = await tx.query('select public.get_usage() as usage')
  await asOwner(tx)
  return rows[0].usage
}

const record = (tx: Tx, rows: object[]) =>
  tx.query('select service.record_usage($1)', [JSON.stringify(rows)])

test('adds up posts, tokens and API calls of a person and day', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const { person } = account
    await schedulePost(tx, account)
    await schedulePost(tx, account)
    await record(tx, [
      { user_id: person.id, api_calls: 3 },
      { user_id: person.id, api_calls: 4 },
      { user_id: (await signUp(tx)).id, api_calls: 50 },
    ])
    await asUser(tx, person.id)
    await tx.query('select public.record_tokens(120)')
    await asOwner(tx)
    while ((await fold(tx, 1)) > 0);

    expect(await usageOf(tx, person.id)).toMatchObject({
      totals: { posts_created: 2, tokens_used: 120, api_calls: 7 },
      days: [{ posts_created: 2, tokens_used: 120, api_calls: 7 }],
    })
  }))

test('shows people their own usage only', () =>
  withTx(async (tx) => {
    const [mine, other] = [await signUp(tx), await signUp(tx)]
    await record(
      tx,
      [mine, other].map(({ id }) => ({ user_id: id, api_calls: 1 })),
    )
    await fold(tx)
    await asUser(tx, mine.id)

    const { rows } = await tx.query('select user_id from public.usage_stats')

    expect(rows).toEqual([{ user_id: mine.id }])
  }))

test.each([0, -5, 1_000_000_001, null])('refuses to record %s tokens', (tokens) =>
  withTx(async (tx) => {
    await asUser(tx, (await signUp(tx)).id)
    expect(await refusalOf(tx, 'select public.record_tokens($1)', [tokens])).toMatchObject({
      code: 'PT422',
      message: 'tokens-invalid',
    })
  }),
)

test('drops what a deleted or unknown person used, and goes on', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    await record(tx, [
      { user_id: randomUUID(), api_calls: 1 },
      { user_id: person.id, api_calls: 2 },
    ])

    expect(await fold(tx)).toBe(2)
    expect(await count(tx, 'private.usage_log')).toBe(0)
    expect((await usageOf(tx, person.id)).totals.api_calls).toBe(2)
  }))

test('counts each use once while several fold at once', async () => {
  const tx = await connect()
  const person = await signUp(tx)
  for (let index = 0; index < 60; index += 1) {
    await record(tx, [{ user_id: person.id, api_calls: 1 }])
  }

  const folds = await race(4, async (client) => {
    let folded = 0
    for (let last = 1; last > 0; folded += last) last = await fold(client, 5)
    return folded
  })

  expect(folds.map((one) => one.status)).toEqual(Array(4).fill('fulfilled'))
  await fold(tx)
  await tx.query('begin')
  expect((await usageOf(tx, person.id)).totals.api_calls).toBe(60)
  await tx.query('rollback')
})
