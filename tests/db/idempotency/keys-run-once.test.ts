import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { asOwner, asUser, type Person, signUp } from '../../helpers/callers.ts'
import { connect, withTx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const ROUTE = 'POST /posts'
const hash = (digit: string) => digit.repeat(64)

const claim = async (tx: Client, key: string, fingerprint = hash('a')) => {
  const sql = 'select public.claim_idempotency_key($1, $2, $3) as claim'
  const { rows } = await tx.query<{ claim: { state: string } }>(sql, [ROUTE, key, fingerprint])
  return rows[0]?.claim
}

const settle = (tx: Client, key: string, response: string | null) =>
  tx.query('select public.settle_idempotency_key($1, $2, $3)', [ROUTE, key, response])

const age = async (tx: Client, person: Person, interval: string) => {
  await asOwner(tx)
  await tx.query(
    `update private.idempotency_keys
     set claimed_at = claimed_at - $1::interval, expires_at = expires_at - $1::interval
     where user_id = $2`,
    [interval, person.id],
  )
  await asUser(tx, person.id)
}

const asSomebody = async (tx: Client): Promise<Person> => {
  const person = await signUp(tx)
  await asUser(tx, person.id)
  return person
}

test('lets one of many simultaneous requests run', async () => {
  const client = await connect()
  const person = await signUp(client)
  const results = await race(8, async (tx, _index, meet) => {
    await tx.query('begin')
    await asUser(tx, person.id)
    await meet()
    const result = await claim(tx, 'one key')
    await tx.query('commit')
    return result?.state
  })
  const states = results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))
  expect(states.toSorted()).toEqual(['claimed', ...Array(7).fill('in_flight')])
})

test('gives the stored answer to the same request, and refuses another one', () =>
  withTx(async (tx) => {
    await asSomebody(tx)
    expect(await claim(tx, 'k')).toEqual({ state: 'claimed' })
    expect(await claim(tx, 'k')).toEqual({ state: 'in_flight' })
    await settle(tx, 'k', 'v1.sealed')
    expect(await claim(tx, 'k')).toEqual({ state: 'answered', encrypted_response: 'v1.sealed' })
    expect(await claim(tx, 'k', hash('b'))).toEqual({ state: 'reused' })
  }))

test('never replaces an answer', () =>
  withTx(async (tx) => {
    await asSomebody(tx)
    await claim(tx, 'k')
    await settle(tx, 'k', 'v1.first')
    await settle(tx, 'k', 'v1.second')
    await settle(tx, 'k', null)
    expect(await claim(tx, 'k')).toMatchObject({ encrypted_response: 'v1.first' })
  }))

test('lets a request that was given up run again', () =>
  withTx(async (tx) => {
    await asSomebody(tx)
    await claim(tx, 'k')
    await settle(tx, 'k', null)
    expect(await claim(tx, 'k')).toEqual({ state: 'claimed' })
  }))

test('never lets a request run again that did not report, until the key expires', () =>
  withTx(async (tx) => {
    const person = await asSomebody(tx)
    await claim(tx, 'k')
    await age(tx, person, '5 minutes')
    expect(await claim(tx, 'k')).toEqual({ state: 'unknown' })
    await age(tx, person, '24 hours')
    expect(await claim(tx, 'k')).toEqual({ state: 'claimed' })
  }))

test('keeps the keys of one person from another', () =>
  withTx(async (tx) => {
    const key = randomUUID()
    const one = await asSomebody(tx)
    await claim(tx, key)
    await settle(tx, key, 'v1.of one')
    await asOwner(tx)
    await asSomebody(tx)
    expect(await claim(tx, key)).toEqual({ state: 'claimed' })
    await settle(tx, key, null)
    await asUser(tx, one.id)
    expect(await claim(tx, key)).toMatchObject({ encrypted_response: 'v1.of one' })
  }))

test('stores nothing in clear', () =>
  withTx(async (tx) => {
    await asSomebody(tx)
    await claim(tx, 'k')
    const sql = 'select public.settle_idempotency_key($1, $2, $3)'
    const refusal = await refusalOf(tx, sql, [ROUTE, 'k', '{"status":201}'])
    expect(refusal.message).toContain('idempotency_keys_response_is_encrypted')
  }))

test('forgets keys after a day, and no earlier', () =>
  withTx(async (tx) => {
    const person = await asSomebody(tx)
    await claim(tx, 'old')
    await age(tx, person, '25 hours')
    await claim(tx, 'new')
    await asOwner(tx)
    const pruned = await tx.query<{ count: number }>(
      'select private.prune_idempotency_keys() as count',
    )
    expect(pruned.rows[0]?.count).toBe(1)
    const left = await tx.query('select key from private.idempotency_keys where user_id = $1', [
      person.id,
    ])
    expect(left.rows).toEqual([{ key: 'new' }])
  }))
