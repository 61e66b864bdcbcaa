import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { expectLedgerAddsUp, holdsOf, POST } from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  connectAccount,
  count,
  eventTypes,
  readPost,
  readSegments,
  schedulePost,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

/** Everything below happens after the database turns out to be another one than it was. */
const restore = async (tx: Tx, now = at(60)) => {
  await tx.query('update private.incarnation set timeline = timeline + 1, seen_at = $1', [at(-120)])
  await tick(tx, now)
}

type Read = { account_id: string; look_id: string; since: string }

const claimRestored = async (tx: Tx, now: Date): Promise<Read[]> =>
  (
    await tx.query<{ claimed: Read[] }>(
      'select service.claim_restored_accounts(p_now => $1) as claimed',
      [now],
    )
  ).rows[0]?.claimed ?? []

type Report = { outcome?: string; finds?: object[]; disputed?: string[] }

/** Every due account is read, and what was seen is reported. */
const read = async (tx: Tx, now: Date, report: Report = {}): Promise<Read[]> => {
  const accounts = await claimRestored(tx, now)
  for (const { account_id, look_id } of accounts) {
    await tx.query('select service.settle_restored_account($1, $2, $3, $4, $5, p_now => $6)', [
      account_id,
      look_id,
      report.outcome ?? 'complete',
      JSON.stringify(report.finds ?? []),
      report.disputed ?? [],
      now,
    ])
  }
  return accounts
}

const QUIET = 60 + 420

const isHeld = async (tx: Tx) => {
  const sql = 'select private.is_publishing_held() as held'
  return (await tx.query<{ held: boolean }>(sql)).rows[0]?.held
}

const sendable = async (tx: Tx, now: Date) =>
  (await claimJobs(tx, { now })).lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))

const closedBy = async (tx: Tx, account: Account) =>
  (
    await tx.query<{ closed_by: string[] }>(
      'select closed_by from private.account_lanes where account_id = $1',
      [account.id],
    )
  ).rows[0]?.closed_by

const due = async (tx: Tx, options: { texts?: string[] } = {}) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { latePolicy: 'publish', ...options })
  return { account, post }
}

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

test('an account is not read while one of its attempts may still be answered', () =>
  withTx(async (tx) => {
    const { account } = await due(tx)
    await startSending(tx)
    await restore(tx, at(10))
    expect(await claimRestored(tx, at(11))).toEqual([])
    await tick(tx, at(31))
    expect(await claimRestored(tx, at(32))).toMatchObject([{ account_id: account.id }])
  }))
