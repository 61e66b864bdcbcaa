import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { connectX, readTokens, saveRefreshed } from '../../helpers/connections.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { count } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

type Sealed = { place: string; id: string; envelope: string; aad: string }

const announce = (tx: Tx, key: string) =>
  one<{ is_due: boolean }>(tx, 'service.announce_key($1)', [key])

/** The ring begins with k2 from here on. */
const rotate = async (tx: Tx) => {
  await announce(tx, 'k0')
  return announce(tx, 'k2')
}

const claim = (tx: Tx, known = ['k2', 'k1'], limit = 200) =>
  one<Sealed[] | null>(tx, `service.claim_envelopes('k2', $1, $2)`, [known, limit])

const renewed = (batch: Sealed[] | null) =>
  (batch ?? []).map((old) => ({ ...old, replacement: old.envelope.replace('v1.k1.', 'v1.k2.') }))

const save = (tx: Tx, envelopes: object[], known = ['k2', 'k1']) =>
  one<{ replaced: number; left: number }>(tx, `service.save_envelopes('k2', $1, $2)`, [
    JSON.stringify(envelopes),
    known,
  ])

const account = async (tx: Tx, tokens = `v1.k1.iv.${randomUUID()}`) =>
  connectX(tx, await signUp(tx), { tokens })

const envelopeOf = async (tx: Tx, id: string) => (await readTokens(tx, id))?.encrypted_tokens

const dueAt = (tx: Tx) => one<Date | number>(tx, 'select next_batch_at from private.key_rotation')

test('a new first key has everything encrypted anew, in batches, and then is done', () =>
  withTx(async (tx) => {
    const ids = [await account(tx), await account(tx), await account(tx, 'v1.k2.iv.fresh')]
    expect(await rotate(tx)).toEqual({ is_due: true })

    const batch = await claim(tx, ['k2', 'k1'], 1)
    expect(batch).toHaveLength(1)
    expect(batch?.[0]?.aad).toMatch(/^private\.account_tokens\|encrypted_tokens\|[0-9a-f-]{36}\|/)
    expect(await claim(tx)).toBeNull()
    expect(await save(tx, renewed(batch))).toEqual({ replaced: 1, left: 1 })
    expect(await save(tx, renewed(await claim(tx)))).toEqual({ replaced: 1, left: 0 })

    for (const id of ids) expect(await envelopeOf(tx, id)).toMatch(/^v1\.k2\./)
    expect(await dueAt(tx)).toBe(Number.POSITIVE_INFINITY)
    expect(await announce(tx, 'k2')).toEqual({ is_due: false })
    expect(await announce(tx, 'k3')).toEqual({ is_due: true })
  }))

test('a pair that was refreshed between reading and writing is left as it is', () =>
  withTx(async (tx) => {
    const id = await account(tx)
    await rotate(tx)
    const batch = await claim(tx)
    await saveRefreshed(tx, id, 1, 'v1.k2.iv.refreshed')

    expect(await save(tx, renewed(batch))).toEqual({ replaced: 0, left: 0 })
    expect(await envelopeOf(tx, id)).toBe('v1.k2.iv.refreshed')
  }))

test('a refresh under way writes over what was encrypted anew meanwhile', () =>
  withTx(async (tx) => {
    const id = await account(tx)
    await rotate(tx)
    await save(tx, renewed(await claim(tx)))

    expect(await saveRefreshed(tx, id, 1, 'v1.k2.iv.refreshed')).toBe(true)
    expect(await envelopeOf(tx, id)).toBe('v1.k2.iv.refreshed')
  }))

test('whatever a refresh and the rotation do at once, the refreshed pair stays', async () => {
  const tx = await connect()
  for (let round = 0; round < 10; round += 1) {
    const id = await account(tx)
    await rotate(tx)
    const batch = renewed(await claim(tx))
    const results = await race<unknown>(2, (client, index) =>
      index === 0 ? save(client, batch) : saveRefreshed(client, id, 1, `v1.k2.iv.new${round}`),
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect(await envelopeOf(tx, id)).toBe(`v1.k2.iv.new${round}`)
  }
  await disconnect(tx)
})

test('one worker gets a batch', async () => {
  const tx = await connect()
  await account(tx)
  await rotate(tx)

  const batches = await race(4, (client) => claim(client))

  const got = batches.filter((batch) => batch.status === 'fulfilled' && batch.value !== null)
  expect(got).toHaveLength(1)
  await disconnect(tx)
})

test('tells an operator how much is under which key, and what no key opens', () =>
  withTx(async (tx) => {
    await account(tx)
    await account(tx, 'v1.lost.iv.tokens')
    await rotate(tx)
    await save(tx, renewed(await claim(tx)))
    await rotate(tx)
    expect(await claim(tx)).toEqual([])
    expect(await save(tx, [])).toMatchObject({ replaced: 0 })

    const { rows } = await tx.query(
      `select key_id, envelope_count::int from private.count_envelopes()
       where place = 'account_tokens' and key_id in ('k1', 'k2', 'lost')`,
    )
    expect(rows).toContainEqual({ key_id: 'lost', envelope_count: 1 })
    expect(rows.map(({ key_id }) => key_id)).not.toContain('k1')
    expect(await count(tx, `private.alerts where kind = 'encryption-key-missing'`)).toBe(1)
  }))

test('what an older function wrote afterwards is found within the hour', () =>
  withTx(async (tx) => {
    await account(tx)
    await rotate(tx)
    await save(tx, renewed(await claim(tx)))
    expect(await one<boolean>(tx, 'private.watch_keys()')).toBe(false)

    await account(tx)
    expect(await one<boolean>(tx, 'private.watch_keys()')).toBe(true)
    expect(await claim(tx)).toHaveLength(1)
  }))
