import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asOwner, asUser, type Person, signUp } from '../../helpers/callers.ts'
import { connectX, readAccount, readTokens } from '../../helpers/connections.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  claimJobs,
  connectAccount,
  count,
  eventTypes,
  NOW,
  readPost,
  schedulePost,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const disconnectAs = async (tx: Tx, person: Person, accountId: string, version?: number) => {
  await asUser(tx, person.id)
  await tx.query('select public.disconnect_account($1, $2)', [accountId, version])
  await asOwner(tx)
}

const claimRevocations = async (tx: Tx, now = new Date()) =>
  (
    await tx.query<{ claimed: { account_id: string; encrypted_tokens: string }[] }>(
      'select service.claim_token_revocations(10, $1) as claimed',
      [now],
    )
  ).rows[0]?.claimed

const finish = (tx: Tx, accountId: string) =>
  tx.query('select service.finish_token_revocation($1)', [accountId])

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)

test('the tokens go at once, and are kept only until X has revoked them', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const id = await connectX(tx, person)

    await disconnectAs(tx, person, id)

    expect(await readAccount(tx, id)).toMatchObject({ status: 'disconnected', version: 2 })
    expect(await readTokens(tx, id)).toBeUndefined()
    expect(await claimRevocations(tx)).toMatchObject([
      { account_id: id, workspace_id: person.workspaceId, encrypted_tokens: 'v1.first' },
    ])
    await finish(tx, id)
    expect(await count(tx, 'private.token_revocations')).toBe(0)
  }))

test('a revocation that fails is tried again, more and more rarely', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    await disconnectAs(tx, person, await connectX(tx, person))

    expect(await claimRevocations(tx)).toHaveLength(1)
    expect(await claimRevocations(tx, inSeconds(59))).toEqual([])
    expect(await claimRevocations(tx, inSeconds(61))).toHaveLength(1)
    expect(await claimRevocations(tx, inSeconds(61 + 119))).toEqual([])
    expect(await claimRevocations(tx, inSeconds(61 + 121))).toHaveLength(1)
  }))

test('disconnecting twice is one event and one revocation', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const id = await connectX(tx, person)

    await disconnectAs(tx, person, id)
    await disconnectAs(tx, person, id)

    expect(await eventTypes(tx, id)).toEqual(['account.connected', 'account.disconnected'])
    expect(await count(tx, 'private.token_revocations')).toBe(1)
  }))

test('tokens of a second disconnection are revoked too, though the first is reported after it', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const remoteUserId = randomUUID()
    const id = await connectX(tx, person, { remoteUserId })
    await disconnectAs(tx, person, id)
    await claimRevocations(tx)
    await connectX(tx, person, { remoteUserId, tokens: 'v1.second' })
    await disconnectAs(tx, person, id)

    await finish(tx, id)

    expect(await claimRevocations(tx)).toMatchObject([{ encrypted_tokens: 'v1.second' }])
  }))

test('a disconnection meant for another version is refused', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const id = await connectX(tx, person)
    await asUser(tx, person.id)

    const sql = 'select public.disconnect_account($1, 7)'
    expect(await refusalOf(tx, sql, [id])).toMatchObject({ code: 'PT412' })

    await asOwner(tx)
    expect(await readTokens(tx, id)).toBeDefined()
  }))

test('posts stay scheduled and are not claimed until the account is connected again', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const { rows } = await tx.query<{ remote_user_id: string }>(
      'select remote_user_id from public.accounts where id = $1',
      [account.id],
    )
    await disconnectAs(tx, account.person, account.id)

    expect((await claimJobs(tx, { now: NOW })).lanes).toEqual([])
    expect(await readPost(tx, post)).toMatchObject({ status: 'scheduled' })

    const remoteUserId = rows[0]?.remote_user_id ?? ''
    await connectX(tx, account.person, { remoteUserId })
    const [lane] = (await claimJobs(tx, { now: NOW })).lanes
    expect(lane?.jobs).toMatchObject([{ post_id: post }])
  }))
