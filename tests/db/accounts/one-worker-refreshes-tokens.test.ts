import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { connectX, leaseRefresh, readTokens, saveRefreshed } from '../../helpers/connections.ts'
import { connect, disconnect, withTx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)

test('of many workers, one gets the lease; all see the current tokens', async () => {
  const tx = await connect()
  const id = await connectX(tx, await signUp(tx))

  const leases = await race(8, (client) => leaseRefresh(client, id))

  const values = leases.map((lease) => (lease.status === 'fulfilled' ? lease.value : null))
  expect(values.filter((lease) => lease?.leased)).toHaveLength(1)
  for (const lease of values)
    expect(lease).toMatchObject({ version: 1, encrypted_tokens: 'v1.first' })
  await disconnect(tx)
})

test('a lease can be asked for again by its holder, and by others after a minute', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    const lease = randomUUID()

    expect(await leaseRefresh(tx, id, { lease })).toMatchObject({ leased: true })
    expect(await leaseRefresh(tx, id, { lease })).toMatchObject({ leased: true })
    expect(await leaseRefresh(tx, id, { now: inSeconds(59) })).toMatchObject({ leased: false })
    expect(await leaseRefresh(tx, id, { now: inSeconds(61) })).toMatchObject({ leased: true })
  }))

test('nobody leases the refresh of a pair that was replaced', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    await saveRefreshed(tx, id, 1, 'v1.second')

    expect(await leaseRefresh(tx, id, { version: 1 })).toMatchObject({
      leased: false,
      version: 2,
      encrypted_tokens: 'v1.second',
    })
  }))

test('a new pair is stored over the one it came from only, and once', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    await leaseRefresh(tx, id)

    expect(await saveRefreshed(tx, id, 1, 'v1.second')).toBe(true)
    expect(await saveRefreshed(tx, id, 1, 'v1.late')).toBe(false)

    expect(await readTokens(tx, id)).toEqual({
      encrypted_tokens: 'v1.second',
      version: '2',
      refresh_lease: null,
    })
  }))

test('tokens of a connection made meanwhile are never overwritten by a refresh', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const remoteUserId = randomUUID()
    const id = await connectX(tx, person, { remoteUserId })
    await leaseRefresh(tx, id)
    await connectX(tx, person, { remoteUserId, tokens: 'v1.reconnected' })

    expect(await saveRefreshed(tx, id, 1, 'v1.refreshed')).toBe(false)

    expect(await readTokens(tx, id)).toMatchObject({ encrypted_tokens: 'v1.reconnected' })
  }))

test('of many saves of one version, one is stored', async () => {
  const tx = await connect()
  const id = await connectX(tx, await signUp(tx))

  const saves = await race(6, (client, index) => saveRefreshed(client, id, 1, `v1.${index}`))

  const saved = saves.findIndex((save) => save.status === 'fulfilled' && save.value)
  expect(saves.filter((save) => save.status === 'fulfilled' && save.value)).toHaveLength(1)
  expect(await readTokens(tx, id)).toMatchObject({
    encrypted_tokens: `v1.${saved}`,
    version: '2',
  })
  await disconnect(tx)
})

test('there is nothing to lease of a disconnected account', () =>
  withTx(async (tx) => {
    expect(await leaseRefresh(tx, randomUUID())).toBeNull()
  }))
