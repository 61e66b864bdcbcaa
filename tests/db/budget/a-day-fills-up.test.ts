import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { expectLedgerAddsUp, placesTaken, reviewSlugs } from '../../helpers/money.ts'
import { type Account, actFor, connectAccount, schedulePost } from '../../helpers/publishing.ts'

/** Noon (UTC) of a day some days from now. */
const noon = (days: number) => {
  const today = new Date()
  return new Date(
    Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() + days, 12),
  )
}
const dayOf = (days: number) => noon(days).toISOString().slice(0, 10)

/** Of the deployment's app. */
const setCap = (tx: Tx, cap: number | null) =>
  tx.query('update private.x_apps set posts_per_day = $1 where workspace_id is null', [cap])

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    ({ code, message, detail, hint }) => ({ code, slug: message, detail, hint }),
  )

const tryTo = async (tx: Tx, run: () => Promise<unknown>) => {
  await tx.query('savepoint attempt')
  const refused = await refusal(run())
  if (refused) await tx.query('rollback to savepoint attempt')
  return refused
}

const verb = async (tx: Tx, account: Account, sql: string, values: unknown[]) => {
  await actFor(tx, account)
  await tx.query(`select ${sql}`, values)
}

test('a full day refuses, and names the first day that has room', () =>
  withTx(async (tx) => {
    await setCap(tx, 2)
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { due: noon(3), texts: ['one', 'two'] })
    await schedulePost(tx, account, { due: noon(4) })

    const alone = await tryTo(tx, () => schedulePost(tx, account, { due: noon(3) }))
    expect(alone).toMatchObject({ code: 'PT409', slug: 'day-full' })
    expect(alone?.detail).toContain(dayOf(3))
    expect(alone?.hint).toContain(`${dayOf(4)}T00:00:00Z`)
    const thread = await tryTo(tx, () =>
      schedulePost(tx, account, { due: noon(3), texts: ['one', 'two'] }),
    )
    expect(thread?.hint).toContain(`${dayOf(5)}T00:00:00Z`)
    expect(await placesTaken(tx)).toBe(3)
  }))

test('a thread longer than a whole day is told that no day will do', () =>
  withTx(async (tx) => {
    await setCap(tx, 2)
    const account = await connectAccount(tx)
    const refused = await tryTo(tx, () =>
      schedulePost(tx, account, { due: noon(3), texts: ['one', 'two', 'three'] }),
    )
    expect(refused?.hint).toContain('own (POST /x-apps)')
    expect(refused?.hint).toContain('posts never change account')
    expect(refused?.hint).not.toContain('T00:00:00Z')
  }))

test('"now" on a full day is refused as well', () =>
  withTx(async (tx) => {
    await setCap(tx, 1)
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { due: new Date() })
    const draft = await schedulePost(tx, account, { due: noon(3) })
    const refused = await tryTo(tx, () => verb(tx, account, 'public.publish_post($1)', [draft]))
    expect(refused).toMatchObject({ slug: 'day-full' })
    await expectLedgerAddsUp(tx)
  }))

test('a post that moves takes its places along, and its old day has room again', () =>
  withTx(async (tx) => {
    await setCap(tx, 1)
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { due: noon(3) })
    await verb(tx, account, 'public.schedule_post($1, $2)', [post, noon(4)])
    await schedulePost(tx, account, { due: noon(3) })
    expect(await tryTo(tx, () => schedulePost(tx, account, { due: noon(4) }))).not.toBeNull()
    await expectLedgerAddsUp(tx)
  }))

test('a full day refuses no post that stays where it is', () =>
  withTx(async (tx) => {
    await setCap(tx, 1)
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { due: noon(3) })
    const later = new Date(noon(3).getTime() + 3_600_000)
    await verb(tx, account, 'public.schedule_post($1, $2)', [post, later])
    expect(await placesTaken(tx)).toBe(1)
  }))

test('nor does a cap that was lowered below what is scheduled', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { due: noon(3) })
    await schedulePost(tx, account, { due: noon(3) })
    await setCap(tx, 1)
    const later = new Date(noon(3).getTime() + 3_600_000)
    const problems = (review: object) => reviewSlugs(tx, review)
    await actFor(tx, account)
    expect(await problems({ post_id: post, scheduled_at: later })).toEqual([])
    expect(
      await problems({ post_id: post, segments: ['one', 'two'], scheduled_at: later }),
    ).toEqual(['day-full'])
    await tx.query('select public.schedule_post($1, $2)', [post, later])
    await setCap(tx, null)
    await actFor(tx, account)
    const another = { account_id: account.id, segments: ['one'], scheduled_at: later }
    expect(await problems(another)).toEqual([])
  }))

test('every app has its own days, and an app without a cap is never full', () =>
  withTx(async (tx) => {
    await setCap(tx, 1)
    const [first, second] = [await connectAccount(tx), await connectAccount(tx)]
    const { rows } = await tx.query(
      `insert into private.x_apps (workspace_id, name, client_id, posts_per_day)
       values ($1, 'own', 'own', null) returning id`,
      [second.person.workspaceId],
    )
    await tx.query('update public.accounts set x_app_id = $2 where id = $1', [
      second.id,
      rows[0].id,
    ])
    await schedulePost(tx, first, { due: noon(3) })
    for (let n = 0; n < 3; n += 1) await schedulePost(tx, second, { due: noon(3) })
    expect(await placesTaken(tx)).toBe(1)
    await expectLedgerAddsUp(tx)
  }))

test('a cap that comes later counts what is scheduled already', () =>
  withTx(async (tx) => {
    await setCap(tx, null)
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { due: noon(3), texts: ['one', 'two'] })
    await setCap(tx, 2)
    expect(await placesTaken(tx)).toBe(2)
    expect(await tryTo(tx, () => schedulePost(tx, account, { due: noon(3) }))).not.toBeNull()
    await verb(tx, account, 'public.cancel_post($1)', [post])
    expect(await placesTaken(tx)).toBe(0)
  }))
