import { randomInt, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPassBy } from '../../../shared/inbound/pass-by.ts'
import { leaseOf, type Receipt } from '../../../shared/inbound/receipt.ts'
import { takeHappening } from '../../../shared/inbound/take-happening.ts'
import { identify, interpret } from '../../../shared/x/inbound.ts'
import { match } from '../../../shared/x/match.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  at,
  connectAccount,
  eventTypes,
  NOW,
  readPost,
  readSegments,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'
import { sqlService } from '../../helpers/sql-service.ts'

const network = { name: 'x', match }
const digits = () => `9${randomInt(1e12)}${randomInt(1e5)}`.padEnd(18, '0').slice(0, 18)

type OnX = { remoteId: string; text: string; deleted: boolean }

/** An account with a post whose outcome is unknown, one X has confirmed, and what X knows of both. */
const scene = async (tx: Tx, userId: string, [unknownGone, knownGone]: [boolean, boolean]) => {
  const account: Account = await connectAccount(tx)
  await tx.query('update public.accounts set remote_user_id = $2 where id = $1', [
    account.id,
    userId,
  ])
  const unknown = { remoteId: digits(), text: `unknown ${randomUUID()}`, deleted: unknownGone }
  const known = { remoteId: digits(), text: `known ${randomUUID()}`, deleted: knownGone }
  const send = async (onX: OnX, outcome: 'accepted' | 'unknown') => {
    const id = await schedulePost(tx, account, { texts: [onX.text] })
    const { claimId, attempts } = await startSending(tx)
    const answer = outcome === 'accepted' ? { remote_id: onX.remoteId } : {}
    const results = attempts.map((attempt) => resultFor(attempt, outcome, answer))
    await settle(tx, claimId, results, { release: [account.id] })
    return { id, ...onX }
  }
  return { account, known: await send(known, 'accepted'), unknown: await send(unknown, 'unknown') }
}

/** Everything X has to say of it, in the order it happened. */
const eventsOf = (userId: string, posts: OnX[]): string[] => {
  const event = (event_type: string, event_uuid: string, payload: object) =>
    JSON.stringify({ data: { event_uuid, event_type, filter: { user_id: userId }, payload } })
  const created = ({ remoteId: id, text }: OnX) =>
    event('post.create', id, {
      id,
      text,
      author_id: userId,
      conversation_id: id,
      created_at: at(1).toISOString(),
    })
  const mention = { id: digits(), text: 'hey', author_id: '2', created_at: at(2).toISOString() }
  return [
    ...posts.map(created),
    created({ remoteId: digits(), text: 'typed by hand', deleted: false }),
    event('post.mention.create', mention.id, mention),
    event('spaces.start', digits(), {}),
    ...posts.flatMap(({ remoteId: id, deleted }) =>
      deleted ? [event('post.delete', `-${id}`, { id, author_id: userId })] : [],
    ),
  ]
}

const plan = fc.record({
  gone: fc.tuple(fc.boolean(), fc.boolean()),
  // Which event comes next, again and again: any order, any doubles.
  arrivals: fc.array(fc.nat(), { minLength: 0, maxLength: 20 }),
  // A worker may die with what it took, or freeze and go on when all is over.
  fates: fc.array(fc.constantFrom('lives', 'dies', 'freezes'), { maxLength: 12 }),
})

test('whatever X doubles, delays, reorders and whoever dies, the same is known in the end', async () => {
  await withTx(async (tx) => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ gone, arrivals, fates }) => {
        const userId = digits()
        const { account, known, unknown } = await scene(tx, userId, gone)
        const events = eventsOf(userId, [known, unknown])
        const order = [...arrivals.map((each) => each % events.length), ...events.keys()]
        let now = at(30)
        const service = sqlService(tx, (fn) => (fn.startsWith('list_') ? {} : { p_now: now }))

        const frozen: Receipt[] = []
        const passBy = createPassBy({ service, sleep: async () => {} })
        const take = (receipt: Receipt) =>
          takeHappening({ service }, network, passBy, receipt, interpret(receipt.body))
        const work = async (fate: string) => {
          const { receipts } = await service<{ receipts: Receipt[] }>('claim_inbound')
          if (fate === 'freezes') frozen.push(...receipts)
          for (const receipt of fate === 'lives' ? receipts : []) await take(receipt)
        }
        for (const [turn, index] of order.entries()) {
          const body = events[index] ?? ''
          const { eventId, type } = identify(body) ?? { eventId: '', type: '' }
          const arrival = { provider: 'x', event_id: eventId, type, body }
          await service('receive_inbound', { p_receipts: [arrival] })
          now = new Date(now.getTime() + 500)
          if (turn % 2) await work(fates[turn] ?? 'lives')
        }
        for (let round = 0; round < 200; round += 1) {
          now = new Date(now.getTime() + 61_000)
          await work(round < 6 ? (fates[round] ?? 'lives') : 'lives')
          const { rows } = await tx.query(
            `select 1 from private.inbound_events where run_at < 'infinity'`,
          )
          if (rows.length === 0) break
        }
        for (const receipt of frozen) await take(receipt)

        for (const post of [known, unknown]) {
          const { status } = await readPost(tx, post.id)
          const [segment] = await readSegments(tx, post.id)
          expect([status, segment?.remote_id]).toEqual(['published', post.remoteId])
          const types = await eventTypes(tx, post.id)
          expect(types.filter((type) => type === 'post.deleted')).toHaveLength(post.deleted ? 1 : 0)
          expect(types.filter((type) => type === 'post.published')).toHaveLength(1)
        }
        expect(await eventTypes(tx, account.id)).toEqual(['account.connected', 'mention.received'])
      }),
      { numRuns: 15 },
    )
  })
}, 120_000)

test('an event that loses its lease half-way changes nothing', () =>
  withTx(async (tx) => {
    const userId = digits()
    const { known, account } = await scene(tx, userId, [false, true])
    const service = sqlService(tx)
    const arrival = { provider: 'x', event_id: randomUUID(), type: 't', body: '{}' }
    await service('receive_inbound', { p_receipts: [arrival] })
    const claimAt = (seconds: number) =>
      service<{ receipts: Receipt[] }>('claim_inbound', {
        p_now: new Date(Date.now() + seconds * 1_000),
      })
    const { receipts } = await claimAt(1)
    await claimAt(62)
    const stale = leaseOf(receipts[0] as Receipt)
    const who = { p_remote_user_id: userId }
    await service('take_deletion', { ...stale, ...who, p_remote_id: known.remoteId })
    await service('take_mention', { ...stale, ...who, p_mention: {} })
    await service('take_revocation', { ...stale, ...who, p_revoked_at: null })
    expect(await eventTypes(tx, known.id)).not.toContain('post.deleted')
    expect(await eventTypes(tx, account.id)).toEqual(['account.connected'])
  }))

test('a withdrawal older than the connection is of an earlier one', () =>
  withTx(async (tx) => {
    const userId = digits()
    const { account } = await scene(tx, userId, [false, false])
    const service = sqlService(tx)
    const withdraw = async (when: Date) => {
      const body = { provider: 'x', event_id: randomUUID(), type: 't', body: '{}' }
      await service('receive_inbound', { p_receipts: [body] })
      const later = new Date(Date.now() + 1_000)
      const claim = { p_now: later }
      const { receipts } = await service<{ receipts: Receipt[] }>('claim_inbound', claim)
      await service('take_revocation', {
        ...leaseOf(receipts[0] as Receipt),
        p_remote_user_id: userId,
        p_revoked_at: when.toISOString(),
      })
      const { rows } = await tx.query('select status from public.accounts where id = $1', [
        account.id,
      ])
      return rows[0]?.status
    }
    expect(await withdraw(new Date(Date.now() - 60_000))).toBe('active')
    expect(await withdraw(NOW)).toBe('needs_reauth')
    const tokens = await tx.query('select 1 from private.account_tokens where account_id = $1', [
      account.id,
    ])
    expect(tokens.rows).toEqual([])
  }))
