import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { expectLedgerAddsUp, holdsOf, POST } from '../../helpers/money.ts'
import {
  actFor,
  at,
  connectAccount,
  count,
  eventTypes,
  readPost,
  readSegments,
  schedulePost,
  tick,
} from '../../helpers/publishing.ts'
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

test('sends nothing, and asks workers to read the accounts with something unsent', () =>
  withTx(async (tx) => {
    const { account } = await due(tx)
    const idle = await connectAccount(tx)
    await restore(tx)

    expect(await isHeld(tx)).toBe(true)
    expect(await sendable(tx, at(61))).toEqual([])
    expect(await tick(tx, at(62))).toBe(1)
    expect(await closedBy(tx, account)).toEqual(['restored'])
    expect(await closedBy(tx, idle)).toEqual([])

    const [claimed, ...others] = await claimRestored(tx, at(63))
    expect(others).toEqual([])
    expect(claimed).toMatchObject({ account_id: account.id })
    expect(new Date(claimed?.since ?? '')).toEqual(at(-120 - 600))
    expect(await claimRestored(tx, at(64))).toEqual([])
  }))

test('adopts what X already has, and goes on by itself after the quiet time', () =>
  withTx(async (tx) => {
    const { account, post } = await due(tx)
    await restore(tx)

    const finds = [{ post_id: post, position: 0, remote_id: '77', sent_at: at(1) }]
    await read(tx, at(62), { finds })
    expect(await readPost(tx, post)).toMatchObject({ status: 'published', published_at: at(1) })
    await tick(tx, at(63))
    expect(await isHeld(tx)).toBe(true)

    expect(await read(tx, at(100))).toEqual([])
    await read(tx, at(QUIET + 1))
    await tick(tx, at(QUIET + 2))
    expect(await isHeld(tx)).toBe(false)
    expect(await closedBy(tx, account)).toEqual([])
    expect(await count(tx, `private.alerts where kind = 'publishing-held'`)).toBe(0)
    expect(await sendable(tx, at(QUIET + 3))).toEqual([])
  }))

test('sends a text that X does not have after two complete looks, the second past the quiet time', () =>
  withTx(async (tx) => {
    const { post } = await due(tx)
    await restore(tx)
    await read(tx, at(62))
    await tick(tx, at(63))
    expect(await sendable(tx, at(63))).toEqual([])

    await read(tx, at(QUIET + 1))
    await tick(tx, at(QUIET + 2))

    expect(await sendable(tx, at(QUIET + 3))).toEqual([post])
  }))

test('holds for a person what X would take twice, and what it may or may not have', () =>
  withTx(async (tx) => {
    const forbidden = await due(tx)
    await tx.query('update public.workspaces set resend_when_absent = false where id = $1', [
      forbidden.account.person.workspaceId,
    ])
    const disputed = await due(tx)
    const later = await schedulePost(tx, forbidden.account, { due: at(86_400) })
    await restore(tx)
    await read(tx, at(62))
    await read(tx, at(QUIET + 1), { disputed: [disputed.post] })
    await tick(tx, at(QUIET + 2))

    for (const { post } of [forbidden, disputed]) {
      expect(await readPost(tx, post)).toMatchObject({
        status: 'held',
        held_reason: 'restored',
        failure: { slug: 'restored' },
      })
      expect(await eventTypes(tx, post)).toContain('post.held')
    }
    expect((await readPost(tx, later)).status).toBe('scheduled')
    expect(await sendable(tx, at(QUIET + 3))).toEqual([])
  }))

test('goes on with a thread after what X has of it, never with what it may have', () =>
  withTx(async (tx) => {
    const { post } = await due(tx, { texts: ['one', 'two', 'three'] })
    await restore(tx)
    const find = (position: number) => ({
      post_id: post,
      position,
      remote_id: `7${position}`,
      sent_at: at(position),
    })
    await read(tx, at(62), { finds: [find(1), find(0)] })

    expect((await readSegments(tx, post)).map(({ remote_id }) => remote_id)).toEqual([
      '70',
      '71',
      null,
    ])
    await read(tx, at(QUIET + 1))
    await tick(tx, at(QUIET + 2))

    expect(await readPost(tx, post)).toMatchObject({
      status: 'partially_published',
      failure: { slug: 'restored', segment: 2 },
    })
    expect(await sendable(tx, at(QUIET + 3))).toEqual([])
  }))

test('the rest of a thread that waits for a person holds nothing until somebody resumes it', () =>
  withTx(async (tx) => {
    const { account, post } = await due(tx, { texts: ['one', 'two', 'three'] })
    await restore(tx)
    const finds = [{ post_id: post, position: 0, remote_id: '70', sent_at: at(1) }]
    await read(tx, at(62), { finds })
    await read(tx, at(QUIET + 1))
    await tick(tx, at(QUIET + 2))

    const ended = { settled: POST, released: 2 * POST, places: 1, is_open: false }
    expect(await holdsOf(tx, post)).toMatchObject([ended])
    await expectLedgerAddsUp(tx)

    await actFor(tx, account)
    await tx.query('select private.resume_post($1, null, $2)', [post, at(QUIET + 3)])
    const anew = { held: 2 * POST, released: 0, places: 2, is_open: true }
    expect(await holdsOf(tx, post)).toMatchObject([ended, anew])
    await expectLedgerAddsUp(tx)
  }))

test('adopts nothing twice: not what is owned, not what is open, not what was sent since', () =>
  withTx(async (tx) => {
    const { post } = await due(tx)
    await tx.query(`insert into private.remote_posts values ('x', '5', $1, 0)`, [randomUUID()])
    await restore(tx)

    const finds = [{ post_id: post, position: 0, remote_id: '5', sent_at: at(1) }]
    await read(tx, at(62), { finds })
    expect((await readPost(tx, post)).status).toBe('scheduled')

    const twice = [{ ...finds[0], remote_id: '6' }]
    await read(tx, at(QUIET + 1), { finds: [...twice, ...twice] })
    expect(await readSegments(tx, post)).toMatchObject([{ status: 'published', remote_id: '6' }])
    expect(await count(tx, 'public.publish_attempts where post_id = $1', [post])).toBe(1)
  }))

test('what was written since the restore is neither compared with X nor held', () =>
  withTx(async (tx) => {
    const { account } = await due(tx)
    await restore(tx)
    const later = await schedulePost(tx, account, { latePolicy: 'publish', due: at(75) })
    await tx.query('update public.posts set created_at = $2 where id = $1', [later, at(70)])
    const sql = 'select service.list_unsent_posts($1, p_now => $2) as posts'
    const { rows } = await tx.query<{ posts: { post_id: string }[] }>(sql, [account.id, at(80)])
    expect(rows[0]?.posts.map(({ post_id }) => post_id)).not.toContain(later)

    await read(tx, at(QUIET + 1), { disputed: [later] })
    await tick(tx, at(QUIET + 2))
    expect(await sendable(tx, at(QUIET + 3))).toContain(later)
  }))

test('an operator may end it for everybody, or for one account', () =>
  withTx(async (tx) => {
    const [one, other] = [await due(tx), await due(tx)]
    await restore(tx)
    await tx.query('select private.release_account($1)', [one.account.id])
    expect(await closedBy(tx, one.account)).toEqual([])
    expect(await isHeld(tx)).toBe(true)

    await tx.query('select private.resume_publishing()')
    expect(await isHeld(tx)).toBe(false)
    expect((await sendable(tx, at(70))).sort()).toEqual([one.post, other.post].sort())
  }))

test('a restore that nothing gives away is held by an operator', () =>
  withTx(async (tx) => {
    const { post } = await due(tx)
    await tx.query('select private.hold_publishing($1, $2)', [at(-60), at(60)])
    expect(await sendable(tx, at(61))).toEqual([])

    await read(tx, at(62))
    await read(tx, at(QUIET + 1))
    await tick(tx, at(QUIET + 2))
    expect(await sendable(tx, at(QUIET + 3))).toEqual([post])
  }))
