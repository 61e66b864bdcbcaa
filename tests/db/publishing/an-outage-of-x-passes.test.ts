import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ClockedWorker, openClockedWorker } from '../../helpers/clocked-worker.ts'
import { connect, type Tx } from '../../helpers/database.ts'
import { eventTypes, readAttempts, readPost, schedulePost } from '../../helpers/publishing.ts'

// X answers 401 to everything for half an hour, as it did in June 2026, to tokens that are right.

const SLOW = { timeout: 90_000 }

let tx: Tx
let world: ClockedWorker
beforeAll(async () => {
  tx = await connect()
  world = await openClockedWorker(tx)
})
beforeEach(() => world.x.clearFaults())
afterAll(() => world.close())

const refuseAll = async () => {
  for (const path of ['/2/tweets*', '/2/users*']) {
    await world.x.set('faults', { match: { path }, kind: '401' })
  }
}

const refreshes = async () => {
  const { requests } = await world.x.get<{ requests: Record<string, number> }>('stats')
  return requests['POST /2/oauth2/token 200'] ?? 0
}

const statusOf = async (id: string) =>
  (await tx.query('select status from public.accounts where id = $1', [id])).rows[0]?.status

const outage = async (username: string) => {
  const account = await world.connect(username)
  const due = { due: world.now(), latePolicy: 'publish' }
  const post = await schedulePost(tx, account, due)
  await world.pass(1_800)
  expect(await statusOf(account.id)).toBe('active')
  expect((await readPost(tx, post)).status).toBe('scheduled')
  expect(await world.accepted(username)).toEqual([])

  await world.x.clearFaults()
  await world.pass(1_800)
  expect(await statusOf(account.id)).toBe('active')
  expect((await readPost(tx, post)).status).toBe('published')
  expect(await world.accepted(username)).toHaveLength(1)
  expect(await eventTypes(tx, account.id)).not.toContain('account.needs_reauth')
  return post
}

test('while refreshing works: nobody is disconnected, few tokens are spent', SLOW, async () => {
  await refuseAll()
  const before = await refreshes()
  const post = await outage('unlucky')

  expect((await refreshes()) - before).toBeLessThan(8)
  const slugs = (await readAttempts(tx, post)).map((attempt) =>
    'error' in attempt ? (attempt.error as { slug: string } | null)?.slug : undefined,
  )
  expect(new Set(slugs)).toEqual(new Set(['token-refused', undefined]))
})

test.each([
  ['answers 503', { kind: '503' }],
  ['answers 401', { kind: 'answer', status: 401, body: { title: 'Unauthorized', status: 401 } }],
  ['resets', { kind: 'reset_before' }],
])('while refreshing %s: nobody is disconnected', SLOW, async (name, fault) => {
  await refuseAll()
  await world.x.set('faults', { match: { path: '/2/oauth2/token' }, ...fault })
  await outage(`u${name.replaceAll(/\W/g, '')}`)
})

test(
  'a firewall before X fails no post: it is tried again until X itself answers',
  SLOW,
  async () => {
    const account = await world.connect('walled')
    const page = { kind: 'answer', status: 403, body: '<title>Attention Required!</title>' }
    await world.x.set('faults', { match: { path: '/2/tweets' }, ...page })
    const post = await schedulePost(tx, account, { due: world.now(), latePolicy: 'publish' })
    await world.pass(300)
    expect(await readPost(tx, post)).toMatchObject({
      status: 'scheduled',
      failure: { slug: 'not-from-x', who: 'provider' },
    })

    await world.x.clearFaults()
    await world.pass(900)
    expect((await readPost(tx, post)).status).toBe('published')
    expect(await world.accepted('walled')).toHaveLength(1)
  },
)

test('a post that may not be that late waits for a person, as its policy says', SLOW, async () => {
  await refuseAll()
  const account = await world.connect('strict')
  const options = { due: world.now(), latePolicy: 'hold', lateAfterSeconds: 600 }
  const post = await schedulePost(tx, account, options)

  await world.pass(1_200)

  expect(await readPost(tx, post)).toMatchObject({ status: 'held', held_reason: 'stale' })
  expect(await statusOf(account.id)).toBe('active')
})

test(
  'a grant that X refuses for good asks for the owner, after a second refusal',
  SLOW,
  async () => {
    const account = await world.connect('revoked')
    await tx.query('update private.account_tokens set expires_at = $2 where account_id = $1', [
      account.id,
      world.now(),
    ])
    const body = {
      error: 'invalid_grant',
      error_description: 'Value passed for the token was revoked.',
    }
    await world.x.set('faults', {
      match: { path: '/2/oauth2/token' },
      kind: 'answer',
      status: 400,
      body,
    })
    await schedulePost(tx, account, { due: world.now(), latePolicy: 'publish' })

    await world.ring()
    expect(await statusOf(account.id)).toBe('active')
    await world.pass(120, 15)
    expect(await statusOf(account.id)).toBe('needs_reauth')
  },
)
