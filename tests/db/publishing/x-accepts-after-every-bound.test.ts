import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClockedWorker, openClockedWorker } from '../../helpers/clocked-worker.ts'
import { connect, type Tx } from '../../helpers/database.ts'
import {
  count,
  readAttempts,
  readPost,
  readSegments,
  schedulePost,
} from '../../helpers/publishing.ts'

// X takes the request, drops the connection, and shows the post half an hour later: past every bound
// the promise stands on. What happens then is the choice of the workspace.

let tx: Tx
let world: ClockedWorker
beforeAll(async () => {
  tx = await connect()
  world = await openClockedWorker(tx)
})
afterAll(() => world.close())

const HALF_AN_HOUR = 1_800
const SLOW = 90_000

const sendIntoTheVoid = async (username: string, resend: boolean) => {
  const account = await world.connect(username)
  await tx.query('update public.workspaces set resend_when_absent = $1 where id = $2', [
    resend,
    account.person.workspaceId,
  ])
  await world.x.set('faults', {
    match: { username, method: 'POST', path: '/2/tweets' },
    kind: 'accept_later',
    times: 1,
    ms: HALF_AN_HOUR * 1000,
  })
  const post = await schedulePost(tx, account, { due: world.now(), latePolicy: 'publish' })
  await world.ring()
  expect((await readPost(tx, post)).status).toBe('unconfirmed')
  return post
}

const alertOf = async (post: string) =>
  (
    await tx.query<{ detail: string }>(
      `select detail from private.alerts where kind = 'accepted-after-absent' and subject = $1`,
      [post],
    )
  ).rows[0]?.detail

test('with resend_when_absent: sent again once; both are on X, and an alert names them', {
  timeout: SLOW,
}, async () => {
  await world.x.set('limits', { duplicate_window_ms: 0 })
  const post = await sendIntoTheVoid('resender', true)

  await world.pass(410)
  expect(await world.accepted('resender')).toEqual([])
  await world.pass(600)
  expect((await readPost(tx, post)).status).toBe('published')
  const [second] = await world.accepted('resender')
  expect(await readSegments(tx, post)).toMatchObject([{ remote_id: second }])

  await world.pass(3 * 3600, 300)
  const [, first, ...more] = await world.accepted('resender')
  expect(more).toEqual([])
  expect(await alertOf(post)).toContain(first)
  expect(await alertOf(post)).toContain(second)
  expect(await readPost(tx, post)).toMatchObject({ status: 'published' })
  expect(await readAttempts(tx, post)).toMatchObject([
    { number: 1, status: 'accepted', remote_id: first },
    { number: 2, status: 'accepted', remote_id: second },
  ])
  expect(await count(tx, 'private.given_up_attempts where post_id = $1', [post])).toBe(0)
})

test('with resend_when_absent, while X refuses duplicates: it is there once', {
  timeout: SLOW,
}, async () => {
  await world.x.set('limits', { duplicate_window_ms: 86_400_000 })
  const post = await sendIntoTheVoid('refuser', true)

  await world.pass(3 * 3600, 60)

  expect(await world.accepted('refuser')).toHaveLength(1)
  expect((await readPost(tx, post)).status).toBe('published')
  expect(await alertOf(post)).toBeUndefined()
})

test('without it: nothing is sent again, a person is asked, and the late post is adopted', {
  timeout: SLOW,
}, async () => {
  await world.x.set('limits', { duplicate_window_ms: 0 })
  const post = await sendIntoTheVoid('asker', false)

  await world.pass(1200)
  expect(await readPost(tx, post)).toMatchObject({
    status: 'unconfirmed',
    failure: { slug: 'not-on-x', who: 'author' },
  })
  expect(await world.accepted('asker')).toEqual([])

  await world.pass(3 * 3600, 300)
  const [only, ...more] = await world.accepted('asker')
  expect(more).toEqual([])
  expect((await readPost(tx, post)).status).toBe('published')
  expect(await readSegments(tx, post)).toMatchObject([{ remote_id: only }])
  expect(await readAttempts(tx, post)).toHaveLength(1)
})
