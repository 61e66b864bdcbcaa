import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  connectAccount,
  eventTypes,
  readPost,
  schedulePost,
  tick,
} from '../../helpers/publishing.ts'
import { closedBy, isHeld, QUIET, read, restore } from '../../helpers/restoring.ts'

test('no post is called late while publishing is held; the late policy applies afterwards', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { latePolicy: 'miss', lateAfterSeconds: 30 })
    await restore(tx)
    await tick(tx, at(90))
    expect((await readPost(tx, post)).status).toBe('scheduled')

    await read(tx, at(QUIET + 1))
    await tick(tx, at(QUIET + 2))
    await tick(tx, at(QUIET + 3))
    expect((await readPost(tx, post)).status).toBe('missed')
  }))

/** Posts that become late while X cannot be read for their account; everybody else goes on. */
const unread = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const post = (latePolicy: string) =>
    schedulePost(tx, account, { latePolicy, lateAfterSeconds: 30 })
  const posts = { miss: await post('miss'), hold: await post('hold') }
  await restore(tx)
  await read(tx, at(62), { outcome: 'incomplete' })
  await tick(tx, at(QUIET + 601))
  await tick(tx, at(QUIET + 602))
  return { account, posts, all: Object.values(posts) }
}

test('what is late in an account that is still to be read is held, whatever its policy', () =>
  withTx(async (tx) => {
    const { all } = await unread(tx)

    expect(await isHeld(tx)).toBe(false)
    for (const post of all) {
      expect(await readPost(tx, post)).toMatchObject({
        status: 'held',
        held_reason: 'restored',
        failure: { slug: 'account-not-read' },
      })
      expect(await eventTypes(tx, post)).toContain('post.held')
    }
  }))

test('once the account was read, what X has is adopted and late policies decide on the rest', () =>
  withTx(async (tx) => {
    const { posts } = await unread(tx)
    const finds = [{ post_id: posts.miss, position: 0, remote_id: '77', sent_at: at(1) }]
    await read(tx, at(QUIET + 1000), { finds })

    expect((await readPost(tx, posts.miss)).status).toBe('published')
    expect(await readPost(tx, posts.hold)).toMatchObject({
      status: 'held',
      held_reason: 'stale',
      failure: null,
    })
  }))

test('once the account was read, what X may have and would take twice is left to a person', () =>
  withTx(async (tx) => {
    const { account, posts } = await unread(tx)
    await tx.query('update public.workspaces set resend_when_absent = false where id = $1', [
      account.person.workspaceId,
    ])
    await read(tx, at(QUIET + 1000))

    expect(await readPost(tx, posts.miss)).toMatchObject({
      status: 'held',
      failure: { slug: 'restored' },
    })
  }))

test('once the account was read, late policies decide on what was written since the restore', () =>
  withTx(async (tx) => {
    const { account } = await unread(tx)
    const late = { latePolicy: 'miss', lateAfterSeconds: 30, due: at(QUIET + 610) }
    const since = await schedulePost(tx, account, late)
    await tx.query('update public.posts set created_at = $2 where id = $1', [since, at(70)])
    await tx.query('update public.workspaces set resend_when_absent = false where id = $1', [
      account.person.workspaceId,
    ])
    await tick(tx, at(QUIET + 700))
    expect((await readPost(tx, since)).failure).toMatchObject({ slug: 'account-not-read' })

    await read(tx, at(QUIET + 1000))

    expect(await readPost(tx, since)).toMatchObject({ status: 'missed', failure: null })
  }))

test('where an operator answers for an account, late policies decide', () =>
  withTx(async (tx) => {
    const { account, posts } = await unread(tx)
    await tx.query('select private.release_account($1, $2)', [account.id, at(QUIET + 700)])

    expect((await readPost(tx, posts.miss)).status).toBe('missed')
    expect(await readPost(tx, posts.hold)).toMatchObject({ status: 'held', held_reason: 'stale' })
    expect(await eventTypes(tx, posts.miss)).toContain('post.missed')
    expect(await closedBy(tx, account)).toEqual([])
  }))
