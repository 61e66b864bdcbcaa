import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount } from '../../helpers/publishing.ts'

const lease = async (tx: Tx, accountId: string, leaseId = randomUUID()) =>
  (
    await tx.query<{ lease: { leased: boolean; encrypted_tokens: string } }>(
      'select service.lease_token_refresh($1, 1, $2) as lease',
      [accountId, leaseId],
    )
  ).rows[0]?.lease

test('lets nobody refresh while publishing is held, and hands out the tokens there are', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query('update private.incarnation set timeline = timeline + 1')

    expect(await lease(tx, account.id)).toMatchObject({
      leased: false,
      encrypted_tokens: 'v1.test.iv.sealed',
    })

    await tx.query('select private.resume_publishing()')
    expect(await lease(tx, account.id)).toMatchObject({ leased: true })
  }))

test('gives the lease to one at a time, and to the same one again when its answer was lost', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const mine = randomUUID()

    expect(await lease(tx, account.id, mine)).toMatchObject({ leased: true })
    expect(await lease(tx, account.id, mine)).toMatchObject({ leased: true })
    expect(await lease(tx, account.id)).toMatchObject({ leased: false })
  }))

test('a repeated save says that the pair is stored; one over a newer pair says that it is not', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const save = async (tokens: string) =>
      (
        await tx.query<{ answer: { saved: boolean } }>(
          `select service.save_refreshed_tokens($1, 1, $2, now()) as answer`,
          [account.id, tokens],
        )
      ).rows[0]?.answer.saved

    expect(await save('v1.a.b.new')).toBe(true)
    expect(await save('v1.a.b.new')).toBe(true)
    expect(await save('v1.a.b.other')).toBe(false)
  }))
