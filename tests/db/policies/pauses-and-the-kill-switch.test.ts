import { expect, test } from 'vitest'
import { asOwner, asUser, signUp } from '../../helpers/callers.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { addMember } from '../../helpers/posts.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  connectAccount,
  eventTypes,
  go,
  readPost,
  resultFor,
  schedulePost,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const first = <T>(items: T[]): T => items[0] as T

const pause = async (tx: Tx, account: Account, paused: boolean) => {
  await actFor(tx, account)
  await tx.query('select public.update_workspace($1, $2)', [account.person.workspaceId, { paused }])
}
const suspend = (tx: Tx, account: Account) =>
  tx.query(`select private.suspend_workspace($1, 'Spam.')`, [account.person.workspaceId])
const lift = (tx: Tx, account: Account) =>
  tx.query('select private.unsuspend_workspace($1)', [account.person.workspaceId])

/** Each way of stopping a whole workspace, and of letting it go on. */
const STOPS = [
  [
    'paused',
    (tx: Tx, account: Account) => pause(tx, account, true),
    (tx: Tx, account: Account) => pause(tx, account, false),
  ],
  ['suspended', suspend, lift],
] as const

test.each(STOPS)(
  'nothing of a %s workspace is sent, even what a worker holds already',
  (_, stop, resume) =>
    withTx(async (tx) => {
      const [account, other] = [await connectAccount(tx), await connectAccount(tx)]
      const post = await schedulePost(tx, account)
      const free = await schedulePost(tx, other)
      const claim = await claimJobs(tx)
      await stop(tx, account)

      const attempts = await go(tx, claim.claimId, [post, free])
      expect(attempts.map(({ post_id }) => post_id)).toEqual([free])
      expect((await claimJobs(tx, { now: at(20) })).lanes).toEqual([])

      await resume(tx, account)
      const again = await startSending(tx, at(30))
      expect(again.attempts.map(({ post_id }) => post_id)).toEqual([post])
    }),
)

test.each(STOPS)(
  'a segment on its way when its workspace is %s is settled, and the next one waits',
  (_, stop, resume) =>
    withTx(async (tx) => {
      const account = await connectAccount(tx)
      const post = await schedulePost(tx, account, { texts: ['one', 'two'] })
      const { claimId, attempts } = await startSending(tx)
      await stop(tx, account)
      await settle(tx, claimId, [resultFor(first(attempts), 'accepted')], { release: [account.id] })

      expect((await startSending(tx, at(60))).attempts).toEqual([])
      await tick(tx, at(120))
      expect((await readPost(tx, post)).status).toBe('partially_published')
      await resume(tx, account)
      expect((await startSending(tx, at(180))).attempts).toMatchObject([{ position: 1 }])
    }),
)

test.each(STOPS)(
  'what comes due while a workspace is %s does as its late policy says',
  (_, stop, resume) =>
    withTx(async (tx) => {
      const account = await connectAccount(tx)
      const posts = {
        publish: await schedulePost(tx, account, { latePolicy: 'publish', lateAfterSeconds: 60 }),
        hold: await schedulePost(tx, account, { latePolicy: 'hold', lateAfterSeconds: 60 }),
        miss: await schedulePost(tx, account, { latePolicy: 'miss', lateAfterSeconds: 60 }),
      }
      await stop(tx, account)
      await tick(tx, at(59))
      for (const id of Object.values(posts))
        expect((await readPost(tx, id)).status).toBe('scheduled')
      await tick(tx, at(61))

      expect(await readPost(tx, posts.publish)).toMatchObject({ status: 'scheduled' })
      expect(await readPost(tx, posts.hold)).toMatchObject({
        status: 'held',
        held_reason: 'paused',
      })
      expect(await readPost(tx, posts.miss)).toMatchObject({ status: 'missed' })

      await resume(tx, account)
      const { attempts } = await startSending(tx, at(90))
      expect(attempts.map(({ post_id }) => post_id)).toEqual([posts.publish])
    }),
)

test('paused for two reasons, an account stays closed until the last is gone', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    await pause(tx, account, true)
    await suspend(tx, account)
    await tx.query(`select public.update_account($1, '{"paused": true}')`, [account.id])

    const lanes = async () => (await claimJobs(tx, { now: at(10) })).lanes.length
    await lift(tx, account)
    expect(await lanes()).toBe(0)
    await pause(tx, account, false)
    expect(await lanes()).toBe(0)
    await tx.query(`select public.update_account($1, '{"paused": false}')`, [account.id])
    expect(await lanes()).toBe(1)
  }))

test.each(STOPS)('an account connected to a %s workspace sends nothing either', (_, stop, resume) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await stop(tx, account)
    const late = await connectAccount(tx, account.person)
    await resume(tx, account)
    await schedulePost(tx, late)
    await stop(tx, account)
    expect((await claimJobs(tx)).lanes).toEqual([])
    await resume(tx, account)
    expect((await claimJobs(tx, { now: at(1) })).lanes).toHaveLength(1)
  }),
)

test('an account that is being connected while its workspace is paused is paused, too', async () => {
  const [connecting, pausing] = [await connect(), await connect()]
  const account = await connectAccount(connecting)
  await connecting.query('begin')
  const second = await connectAccount(connecting, account.person)
  const paused = pause(pausing, account, true)
  await connecting.query('commit')
  await paused

  const { rows } = await pausing.query(
    'select closed_by from private.account_lanes where account_id = any ($1)',
    [[account.id, second.id]],
  )
  expect(rows).toEqual([{ closed_by: ['workspace'] }, { closed_by: ['workspace'] }])
  await Promise.all([connecting, pausing].map(disconnect))
})

test('only admins and owners pause a workspace, and twice is once', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [admin, editor, stranger] = [await signUp(tx), await signUp(tx), await signUp(tx)]
    await addMember(tx, account, admin, 'admin')
    await addMember(tx, account, editor, 'editor')
    const sql = `select public.update_workspace($1, '{"paused": true}')`
    const { workspaceId } = account.person

    await asUser(tx, editor.id)
    expect(await refusalOf(tx, sql, [workspaceId])).toMatchObject({ code: 'PT403' })
    await asUser(tx, stranger.id)
    expect(await refusalOf(tx, sql, [workspaceId])).toMatchObject({ code: 'PT404' })
    await asUser(tx, admin.id)
    await tx.query(sql, [workspaceId])
    await tx.query(sql, [workspaceId])
    await asOwner(tx)
    expect(await eventTypes(tx, workspaceId)).toEqual(['workspace.paused'])
  }))

test('nobody but the operator suspends or lifts, and members see why', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await suspend(tx, account)
    await suspend(tx, account)
    await asUser(tx, account.person.id)
    for (const fn of [`suspend_workspace($1, 'x')`, 'unsuspend_workspace($1)']) {
      const refusal = await refusalOf(tx, `select private.${fn}`, [account.person.workspaceId])
      expect(refusal.code).toBe('42501')
    }
    const { rows } = await tx.query(
      'select suspended_at, suspended_reason from public.workspaces where id = $1',
      [account.person.workspaceId],
    )
    expect(rows).toEqual([{ suspended_at: expect.any(Date), suspended_reason: 'Spam.' }])
    await asOwner(tx)
    expect(await eventTypes(tx, account.person.workspaceId)).toEqual(['workspace.suspended'])
  }))

test('a suspended workspace writes and schedules nothing, and can still call off what it has', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [post, draft] = [
      await schedulePost(tx, account, { due: at(7200) }),
      await schedulePost(tx, account, { due: at(7200) }),
    ]
    await actFor(tx, account)
    await tx.query('select public.unschedule_post($1)', [draft])
    await suspend(tx, account)

    const writes: [string, unknown[]][] = [
      ['public.create_post($1)', [{ account_id: account.id, segments: ['x'] }]],
      [`public.update_post($1, '{"segments": ["x"]}')`, [post]],
      [`public.schedule_post($1, now() + interval '1 day')`, [draft]],
      ['public.publish_post($1)', [draft]],
      ['public.duplicate_post($1)', [draft]],
      [`public.update_workspace($1, '{"paused": true}')`, [account.person.workspaceId]],
    ]
    for (const [call, values] of writes) {
      expect(await refusalOf(tx, `select ${call}`, values)).toMatchObject({
        code: 'PT403',
        message: 'workspace-suspended',
        detail: 'The workspace is suspended: Spam.',
      })
    }
    await tx.query('select public.cancel_post($1)', [post])
    expect((await readPost(tx, post)).status).toBe('canceled')
  }))
