import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { at, count, eventTypes, startSending, tick } from '../../helpers/publishing.ts'
import {
  claimRestored,
  closedBy,
  due,
  isHeld,
  QUIET,
  read,
  restore,
  sendable,
} from '../../helpers/restoring.ts'

test('an account without a token that may be used asks for its owner, and nobody waits for it', () =>
  withTx(async (tx) => {
    const unreadable = await due(tx)
    await restore(tx)
    await read(tx, at(62), { outcome: 'unreadable' })
    await tick(tx, at(63))

    expect(await isHeld(tx)).toBe(false)
    expect(await closedBy(tx, unreadable.account)).toEqual(
      expect.arrayContaining(['restored', 'account']),
    )
    expect(await eventTypes(tx, unreadable.account.id)).toContain('account.needs_reauth')
    expect(await sendable(tx, at(64))).toEqual([])

    await tx.query(
      `select service.connect_account(to_jsonb(accounts) || jsonb_build_object(
         'encrypted_tokens', 'v1.test.iv.new', 'expires_at', now() + interval '2 hours', 'scopes', '[]'::jsonb
       )) from public.accounts where id = $1`,
      [unreadable.account.id],
    )
    expect(await closedBy(tx, unreadable.account)).toEqual(['restored'])
    expect(await read(tx, at(QUIET + 1))).toHaveLength(1)
    expect(await sendable(tx, at(QUIET + 2))).toEqual([unreadable.post])
  }))

test('an X that cannot be read holds up everybody for some minutes, then only its own account', () =>
  withTx(async (tx) => {
    const { account, post } = await due(tx)
    await restore(tx)
    await read(tx, at(62), { outcome: 'incomplete' })
    await tick(tx, at(QUIET))
    expect(await isHeld(tx)).toBe(true)

    await tick(tx, at(QUIET + 601))
    expect(await isHeld(tx)).toBe(false)
    expect(await closedBy(tx, account)).toEqual(['restored'])
    expect(await count(tx, `private.alerts where kind = 'account-not-read'`)).toBe(1)

    expect(await read(tx, at(QUIET + 1000))).toHaveLength(1)
    expect(await count(tx, `private.alerts where kind = 'account-not-read'`)).toBe(0)
    expect(await sendable(tx, at(QUIET + 1001))).toEqual([post])
  }))

test('a 401 within the quiet time is no reason to ask the owner; after it, it is', () =>
  withTx(async (tx) => {
    const { account } = await due(tx)
    await restore(tx)
    await read(tx, at(62), { outcome: 'rejected' })
    expect(await eventTypes(tx, account.id)).not.toContain('account.needs_reauth')

    await read(tx, at(QUIET + 1), { outcome: 'rejected' })
    expect(await eventTypes(tx, account.id)).toContain('account.needs_reauth')
  }))

test('an account is not read while one of its attempts may still be answered', () =>
  withTx(async (tx) => {
    const { account } = await due(tx)
    await startSending(tx)
    await restore(tx, at(10))
    expect(await claimRestored(tx, at(11))).toEqual([])
    await tick(tx, at(31))
    expect(await claimRestored(tx, at(32))).toMatchObject([{ account_id: account.id }])
  }))
