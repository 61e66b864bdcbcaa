import { createHash, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asUser, type Person, signUp } from '../../helpers/callers.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const newHash = () => createHash('sha256').update(randomUUID()).digest('hex')

/** What POST /accounts/connect stores; the rest of the transaction is its owner's again. */
async function startConnection(tx: Tx, person: Person, hash = newHash()): Promise<string> {
  await tx.query(`select set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ sub: person.id, role: 'authenticated' }),
  ])
  await tx.query(`select public.start_connection(null, $1, 'v1.verifier', 'https://app.test/')`, [
    hash,
  ])
  return hash
}

const take = async (tx: Tx, hash: string, now = new Date()) =>
  (
    await tx.query<{ state: Record<string, string> | null }>(
      'select service.take_oauth_state($1, $2) as state',
      [hash, now],
    )
  ).rows[0]?.state

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000)

test('a state gives back what was started, once', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const hash = await startConnection(tx, person)

    expect(await take(tx, hash)).toMatchObject({
      workspace_id: person.workspaceId,
      user_id: person.id,
      encrypted_verifier: 'v1.verifier',
      return_to: 'https://app.test/',
    })
    expect(await take(tx, hash)).toBeNull()
  }))

test('a state is worth nothing once its user has lost the role', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const hash = await startConnection(tx, person)
    const become = (role: string) =>
      tx.query('update public.workspace_members set role = $1 where user_id = $2', [
        role,
        person.id,
      ])

    await become('editor')
    expect(await take(tx, hash)).toBeNull()
    await become('admin')
    expect(await take(tx, hash)).not.toBeNull()
  }))

test('a state is worth nothing after ten minutes', () =>
  withTx(async (tx) => {
    const hash = await startConnection(tx, await signUp(tx))
    expect(await take(tx, hash, inMinutes(10.1))).toBeNull()
    expect(await take(tx, hash, inMinutes(9.9))).not.toBeNull()
  }))

test('a state nobody started is worth nothing', () =>
  withTx(async (tx) => {
    expect(await take(tx, newHash())).toBeNull()
  }))

test('of many redirects with one state, one gets it', async () => {
  const tx = await connect()
  const hash = await startConnection(tx, await signUp(tx))

  const taken = await race(8, (client) => take(client, hash))

  const got = taken.filter((result) => result.status === 'fulfilled' && result.value !== null)
  expect(got).toHaveLength(1)
  await disconnect(tx)
})

test('the verifier is stored sealed, or not at all', () =>
  withTx(async (tx) => {
    const { id } = await signUp(tx)
    await asUser(tx, id)
    const open = `select public.start_connection(null, $1, 'plain', null)`
    expect(await refusalOf(tx, open, [newHash()])).toMatchObject({ code: '23514' })
  }))

test('states of yesterday are forgotten when a new one is started', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const old = await startConnection(tx, person)
    await tx.query(`update private.oauth_states set expires_at = now() - interval '25 hours'`)
    await startConnection(tx, person)

    const { rowCount } = await tx.query('select from private.oauth_states where state_hash = $1', [
      old,
    ])
    expect(rowCount).toBe(0)
  }))
