import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asUser, type Person, signUp } from '../../helpers/callers.ts'
import { connectX, readAccount, readTokens } from '../../helpers/connections.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { count, eventTypes } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

const TAKEN = { code: 'PT409', message: 'account-already-connected' }

const disconnectX = async (tx: Tx, person: Person, accountId: string) => {
  await asUser(tx, person.id)
  await tx.query('select public.disconnect_account($1)', [accountId])
  await tx.query(`select set_config('role', 'postgres', true)`)
}

test('a second workspace cannot connect what is connected, and nothing is left of the try', () =>
  withTx(async (tx) => {
    const [first, second] = [await signUp(tx), await signUp(tx)]
    const remoteUserId = randomUUID()
    await connectX(tx, first, { remoteUserId })

    await tx.query('savepoint try')
    await expect(connectX(tx, second, { remoteUserId })).rejects.toMatchObject({
      ...TAKEN,
      hint: expect.stringContaining('Disconnect it'),
    })
    await tx.query('rollback to savepoint try')

    expect(await count(tx, 'public.accounts where remote_user_id = $1', [remoteUserId])).toBe(1)
  }))

test('of many connections at once, one wins', async () => {
  const tx = await connect()
  const remoteUserId = randomUUID()
  const people: Person[] = []
  for (let index = 0; index < 6; index += 1) people.push(await signUp(tx))

  const results = await race(people.length, (client, index) =>
    connectX(client, people[index] as Person, { remoteUserId }),
  )

  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject(TAKEN)
  }
  expect(await count(tx, 'public.accounts where remote_user_id = $1', [remoteUserId])).toBe(1)
  await disconnect(tx)
})

test('connecting again revives the account under its id, with its new tokens', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const remoteUserId = randomUUID()
    const id = await connectX(tx, person, { remoteUserId })
    await disconnectX(tx, person, id)

    expect(await connectX(tx, person, { remoteUserId, tokens: 'v1.second' })).toBe(id)

    expect(await readAccount(tx, id)).toMatchObject({ status: 'active', disconnected_at: null })
    expect(await readTokens(tx, id)).toMatchObject({ encrypted_tokens: 'v1.second' })
    expect(await eventTypes(tx, id)).toEqual([
      'account.connected',
      'account.disconnected',
      'account.connected',
    ])
  }))

test('connecting what is live and ours again only renews its tokens', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const remoteUserId = randomUUID()
    const id = await connectX(tx, person, { remoteUserId })

    expect(await connectX(tx, person, { remoteUserId, tokens: 'v1.second' })).toBe(id)

    expect(await readTokens(tx, id)).toMatchObject({ encrypted_tokens: 'v1.second', version: '2' })
    expect(await readAccount(tx, id)).toMatchObject({ status: 'active', version: 2 })
  }))

test('what was disconnected may be connected elsewhere, and then not be revived', () =>
  withTx(async (tx) => {
    const [first, second] = [await signUp(tx), await signUp(tx)]
    const remoteUserId = randomUUID()
    const id = await connectX(tx, first, { remoteUserId })
    await disconnectX(tx, first, id)

    expect(await connectX(tx, second, { remoteUserId })).not.toBe(id)

    await expect(connectX(tx, first, { remoteUserId })).rejects.toMatchObject(TAKEN)
  }))
