import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { connectX, readAccount, requireReauth, saveRefreshed } from '../../helpers/connections.ts'
import { connect, disconnect, withTx } from '../../helpers/database.ts'
import { eventTypes } from '../../helpers/publishing.ts'
import { until } from '../../helpers/until.ts'

test('a refusal of the newest pair asks for the owner, with one event', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))

    expect(await requireReauth(tx, id, 1)).toBe(true)
    expect(await requireReauth(tx, id, 1)).toBe(false)

    expect(await readAccount(tx, id)).toMatchObject({
      status: 'needs_reauth',
      status_detail: 'X refused the grant.',
    })
    expect(await eventTypes(tx, id)).toEqual(['account.connected', 'account.needs_reauth'])
  }))

test('a refusal of a pair that was replaced meanwhile changes nothing', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    await saveRefreshed(tx, id, 1, 'v1.second')

    expect(await requireReauth(tx, id, 1)).toBe(false)

    expect(await readAccount(tx, id)).toMatchObject({ status: 'active', version: 1 })
  }))

test('a pair of the connection before takes the place of none that was made after it ended', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const remoteUserId = randomUUID()
    const id = await connectX(tx, person, { remoteUserId })
    await tx.query(`select set_config('request.jwt.claims', $1, false)`, [
      JSON.stringify({ sub: person.id, role: 'authenticated' }),
    ])
    await tx.query('select public.disconnect_account($1)', [id])
    expect(await connectX(tx, person, { remoteUserId, tokens: 'v1.fresh' })).toBe(id)

    expect(await saveRefreshed(tx, id, 1, 'v1.stale')).toBe(false)
    expect(await requireReauth(tx, id, 1)).toBe(false)
    const { rows } = await tx.query(
      'select encrypted_tokens from private.account_tokens where account_id = $1',
      [id],
    )
    expect(rows).toEqual([{ encrypted_tokens: 'v1.fresh' }])
  }))

test('a refusal that waits for a reconnection to commit changes nothing', async () => {
  const [owner, worker, watcher] = [await connect(), await connect(), await connect()]
  const person = await signUp(owner)
  const remoteUserId = randomUUID()
  const id = await connectX(owner, person, { remoteUserId })
  await owner.query('begin')
  await connectX(owner, person, { remoteUserId, tokens: 'v1.second' })

  const refused = requireReauth(worker, id, 1)
  await until('the worker waits for the owner', async () => {
    const { rowCount } = await watcher.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%require_reauth%'
         and pid <> pg_backend_pid() and datname = current_database()`,
    )
    return rowCount === 1
  })
  await owner.query('commit')

  expect(await refused).toBe(false)
  expect(await readAccount(owner, id)).toMatchObject({ status: 'active' })
  await Promise.all([owner, worker, watcher].map(disconnect))
})

test('connecting again is the way out', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const remoteUserId = randomUUID()
    const id = await connectX(tx, person, { remoteUserId })
    await requireReauth(tx, id, 1)

    await connectX(tx, person, { remoteUserId, tokens: 'v1.second' })

    expect(await readAccount(tx, id)).toMatchObject({ status: 'active', status_detail: null })
  }))
