import { expect, test } from 'vitest'
import { asOwner, asUser, signUp } from '../../helpers/callers.ts'
import { type AccountRow, connectX, readAccount, requireReauth } from '../../helpers/connections.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { claimJobs, connectAccount, schedulePost } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const SQL = 'select public.update_account($1, $2, $3) as account'

const update = async (tx: Tx, id: string, changes: object, version: number | null = null) =>
  (await tx.query<{ account: AccountRow }>(SQL, [id, changes, version])).rows[0]?.account

/** Its owner connects the account again, with a new pair. */
const reconnect = (tx: Tx, id: string) =>
  tx.query(
    `select service.connect_account(to_jsonb(accounts) || jsonb_build_object(
       'encrypted_tokens', 'v1.test.iv.newer', 'expires_at', now() + interval '2 hours', 'scopes', '[]'::jsonb
     ))
     from public.accounts where id = $1`,
    [id],
  )

/** A fresh account, and its owner as the caller. */
const ownAccount = async (tx: Tx) => {
  const person = await signUp(tx)
  const id = await connectX(tx, person)
  await asUser(tx, person.id)
  return id
}

test('a paused account sends nothing until it is resumed', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    const pause = async (paused: boolean) => {
      await asUser(tx, account.person.id)
      const changed = await update(tx, account.id, { paused })
      await asOwner(tx)
      return changed?.status
    }

    expect(await pause(true)).toBe('paused')
    expect((await claimJobs(tx)).lanes).toEqual([])

    expect(await pause(false)).toBe('active')
    expect((await claimJobs(tx)).lanes).toHaveLength(1)
  }))

test('a pause outlives the connection, and sends nothing when that is made anew', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    await asUser(tx, account.person.id)
    await update(tx, account.id, { paused: true })
    await asOwner(tx)
    await requireReauth(tx, account.id, 1)
    expect(await readAccount(tx, account.id)).toMatchObject({ status: 'needs_reauth' })

    await reconnect(tx, account.id)
    expect(await readAccount(tx, account.id)).toMatchObject({ status: 'paused' })
    expect((await claimJobs(tx)).lanes).toEqual([])
    await asUser(tx, account.person.id)
    expect(await update(tx, account.id, { paused: false })).toMatchObject({ status: 'active' })
    await asOwner(tx)
    expect((await claimJobs(tx)).lanes).toHaveLength(1)
  }))

test('an account can be paused, and resumed, before it is connected again', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await requireReauth(tx, account.id, 1)
    const change = async (paused: boolean) => {
      await asUser(tx, account.person.id)
      const changed = await update(tx, account.id, { paused })
      await asOwner(tx)
      return changed?.status
    }
    expect(await change(true)).toBe('needs_reauth')
    expect(await change(false)).toBe('needs_reauth')
    expect(await change(true)).toBe('needs_reauth')
    await reconnect(tx, account.id)
    expect(await readAccount(tx, account.id)).toMatchObject({ status: 'paused' })
  }))

test('its time zone is an IANA zone', () =>
  withTx(async (tx) => {
    const id = await ownAccount(tx)
    expect(await update(tx, id, { time_zone: 'Europe/Berlin' })).toMatchObject({
      time_zone: 'Europe/Berlin',
      status: 'active',
      version: 2,
    })
    expect(await refusalOf(tx, SQL, [id, { time_zone: 'Mars/Olympus' }, null])).toMatchObject({
      code: 'PT422',
      message: 'time-zone-unknown',
    })
  }))

test('a change meant for another version is refused', () =>
  withTx(async (tx) => {
    const id = await ownAccount(tx)
    await update(tx, id, { paused: true }, 1)
    expect(await refusalOf(tx, SQL, [id, { paused: false }, 1])).toMatchObject({
      code: 'PT412',
      message: 'version-mismatch',
    })
  }))

test('of many changes to one version at once, one is made', async () => {
  const tx = await connect()
  const person = await signUp(tx)
  const id = await connectX(tx, person)

  const changes = await race(6, async (client) => {
    await client.query('begin')
    await asUser(client, person.id)
    await update(client, id, { paused: true }, 1)
    await client.query('commit')
  })

  expect(changes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const change of changes) {
    if (change.status === 'rejected') expect(change.reason).toMatchObject({ code: 'PT412' })
  }
  expect(await readAccount(tx, id)).toMatchObject({ version: 2 })
  await disconnect(tx)
})

test('a change and a disconnection of one version at once are not both made', async () => {
  const tx = await connect()
  const person = await signUp(tx)
  const id = await connectX(tx, person)

  const results = await race(2, async (client, index) => {
    await client.query('begin')
    await asUser(client, person.id)
    if (index === 0) await update(client, id, { paused: true }, 1)
    else await client.query('select public.disconnect_account($1, 1)', [id])
    await client.query('commit')
  })

  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  await disconnect(tx)
})
