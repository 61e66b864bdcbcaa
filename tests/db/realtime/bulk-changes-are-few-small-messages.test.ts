import { expect, test } from 'vitest'
import { EventsMessage, VersionMessage } from '../../../shared/events/messages.ts'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import { actFor, at, connectAccount, schedulePost } from '../../helpers/publishing.ts'

type Message = { topic: string; event: string; bytes: number; payload: Record<string, unknown> }

/** Hosted Realtime's smallest limit for one message. */
const MESSAGE_LIMIT = 256 * 1024

const messages = async (tx: Tx, since = 0): Promise<Message[]> =>
  (
    await tx.query<Message>(
      `select topic, event, octet_length(payload::text) as bytes, payload
       from realtime.messages order by tableoid, ctid offset $1`,
      [since],
    )
  ).rows

test('a thousand posts that change at once are one message to their workspace, none to each post', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query(
      `with written as (
         insert into public.posts (
           workspace_id, account_id, user_id, content, status, scheduled_at, late_policy, late_after
         )
         select $1, $2, $3, 'post ' || number, 'scheduled', $4, 'miss', '1 minute'
         from generate_series(1, 1000) as number
         returning id
       )
       select private.enqueue_posts(array_agg(id)) from written`,
      [account.person.workspaceId, account.id, account.person.id, at(0)],
    )

    const before = (await messages(tx)).length

    const { rows } = await tx.query<{ missed: number }>(
      'select private.apply_late_policy(1000, $1) as missed',
      [at(3600)],
    )
    expect(rows[0]?.missed).toBe(1000)
    const [message, ...more] = await messages(tx, before)
    expect(more).toEqual([])
    expect(message).toMatchObject({
      topic: `workspace:${account.person.workspaceId}`,
      event: 'events',
      payload: { truncated: true },
    })
    expect(EventsMessage.parse(message?.payload).events).toHaveLength(100)
    expect(message?.bytes).toBeLessThan(MESSAGE_LIMIT)
  }))

test('a post that somebody changes tells its version to those who work on it', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const before = (await messages(tx)).length
    const onPost = async () =>
      (await messages(tx, before)).filter(({ topic }) => topic === `post:${post}`)

    await actFor(tx, account)
    await tx.query(`select public.update_post($1, '{"content": "new"}')`, [post])
    await tx.query('select public.unschedule_post($1)', [post])
    await tx.query('reset role')
    const { rows } = await tx.query('select version from public.posts where id = $1', [post])
    const told = (await onPost()).map(({ event, payload }) => [
      event,
      { ...VersionMessage.parse(payload), id: undefined },
    ])
    const version = Number(rows[0]?.version)
    expect(told).toEqual([
      [
        'version',
        { post_id: post, version: version - 1, status: 'scheduled', type: 'post.updated' },
      ],
      ['version', { post_id: post, version, status: 'draft', type: 'post.unscheduled' }],
    ])

    await tx.query(`select set_config('myposts.defers_broadcasts', 'on', true)`)
    await actFor(tx, account)
    await tx.query(`select public.update_post($1, '{"content": "one of a thousand"}')`, [post])
    expect(await onPost()).toHaveLength(2)
  }))

test('what is rolled back is told to nobody', async () => {
  const tx = await connect()
  await tx.query('begin')
  const account = await connectAccount(tx)
  await schedulePost(tx, account)
  await tx.query('rollback')
  const topic = `workspace:${account.person.workspaceId}`
  expect((await messages(tx)).filter((message) => message.topic === topic)).toEqual([])
})
