import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asOwner, asUser, type Person, signUp } from '../../helpers/callers.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { commitAs } from '../../helpers/posts.ts'
import { count } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

const ROUTE = 'POST /posts'
const FIRST = '0'.repeat(64)
const OTHER = '1'.repeat(64)

type Claim = { state: string; encrypted_response?: string }

const claim = async (tx: Tx, key: string, fingerprint = FIRST, now = new Date()) =>
  (
    await tx.query<{ claim: Claim }>(
      'select private.claim_idempotency_key($1, $2, $3, $4) as claim',
      [ROUTE, key, fingerprint, now],
    )
  ).rows[0]?.claim

const settle = (tx: Tx, key: string, response: string | null) =>
  tx.query('select public.settle_idempotency_key($1, $2, $3)', [ROUTE, key, response])

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)

/** A signed-in person and a key they never used. */
const caller = async (tx: Tx) => {
  await asUser(tx, (await signUp(tx)).id)
  return randomUUID()
}

test('the first request goes on, a second one meets it, and gets its answer later', () =>
  withTx(async (tx) => {
    const key = await caller(tx)

    expect(await claim(tx, key)).toEqual({ state: 'claimed' })
    expect(await claim(tx, key)).toEqual({ state: 'in_flight' })
    await settle(tx, key, 'v1.answer')

    expect(await claim(tx, key)).toEqual({ state: 'answered', encrypted_response: 'v1.answer' })
  }))

test('an answer is never replaced', () =>
  withTx(async (tx) => {
    const key = await caller(tx)
    await claim(tx, key)
    await settle(tx, key, 'v1.answer')
    await settle(tx, key, 'v1.later')
    await settle(tx, key, null)
    expect(await claim(tx, key)).toMatchObject({ encrypted_response: 'v1.answer' })
  }))

test('a key that is given up can be claimed again', () =>
  withTx(async (tx) => {
    const key = await caller(tx)
    await claim(tx, key)
    await settle(tx, key, null)
    expect(await claim(tx, key, OTHER)).toEqual({ state: 'claimed' })
  }))

test('a key is for one request: another one with it is told so', () =>
  withTx(async (tx) => {
    const key = await caller(tx)
    await claim(tx, key)
    expect(await claim(tx, key, OTHER)).toEqual({ state: 'reused' })
    await settle(tx, key, 'v1.answer')
    expect(await claim(tx, key, OTHER)).toEqual({ state: 'reused' })
  }))

test('a request that never said how it ended keeps its key, and that is told', () =>
  withTx(async (tx) => {
    const key = await caller(tx)
    await claim(tx, key)
    expect(await claim(tx, key, FIRST, inSeconds(179))).toEqual({ state: 'in_flight' })
    expect(await claim(tx, key, FIRST, inSeconds(181))).toEqual({ state: 'unknown' })
  }))

test('after a day a key is new, whatever became of it', () =>
  withTx(async (tx) => {
    const key = await caller(tx)
    await claim(tx, key)
    await settle(tx, key, 'v1.answer')
    expect(await claim(tx, key, FIRST, inSeconds(86_399))).toMatchObject({ state: 'answered' })
    expect(await claim(tx, key, OTHER, inSeconds(86_401))).toEqual({ state: 'claimed' })
    expect(await claim(tx, key, OTHER, inSeconds(86_402))).toEqual({ state: 'in_flight' })
  }))

test('people may use the same key, and neither sees the answer of the other', () =>
  withTx(async (tx) => {
    const key = await caller(tx)
    await claim(tx, key)
    await settle(tx, key, 'v1.secret')
    await asOwner(tx)
    await asUser(tx, (await signUp(tx)).id)
    expect(await claim(tx, key)).toEqual({ state: 'claimed' })
  }))

test('of many requests with one key, one goes on', async () => {
  const tx = await connect()
  const person: Person = await signUp(tx)
  const key = randomUUID()

  const claims = await race(8, (client) =>
    commitAs<Claim>(client, person, 'public.claim_idempotency_key($1, $2, $3)', [
      ROUTE,
      key,
      FIRST,
    ]),
  )

  const states = claims.map((result) => (result.status === 'fulfilled' ? result.value.state : ''))
  expect(states.sort()).toEqual(['claimed', ...Array(7).fill('in_flight')])
  await disconnect(tx)
})

test('keys of yesterday are forgotten, a few at a time', () =>
  withTx(async (tx) => {
    await tx.query('delete from private.idempotency_keys')
    const keys = [await caller(tx), randomUUID(), randomUUID()]
    for (const key of keys) await claim(tx, key)
    await asOwner(tx)
    const prune = async (limit: number, now: Date) =>
      (
        await tx.query<{ pruned: number }>(
          'select private.prune_idempotency_keys($1, $2) as pruned',
          [limit, now],
        )
      ).rows[0]?.pruned

    expect(await prune(2, inSeconds(86_399))).toBe(0)
    expect(await prune(2, inSeconds(86_401))).toBe(2)
    expect(await prune(2, inSeconds(86_401))).toBe(1)
    expect(await count(tx, 'private.idempotency_keys')).toBe(0)
  }))
