import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'

const GRACE = '7 days'

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

const tierOf = (tx: Tx, userId: string) =>
  one<string>(tx, '(select subscription_tier from public.users where id = $1)', [userId])

const link = (tx: Tx, userId: string, customer: string) =>
  one(tx, 'service.link_billing_customer($1, $2)', [userId, customer])

type State = { status: string; tier: string | null; paid_until?: string | null }

const begin = (tx: Tx, id: string) => one<number>(tx, 'service.begin_reading($1)', [id])

const save = (
  tx: Tx,
  reading: number,
  { id, customer, now }: { id: string; customer: string; now?: Date },
  state: State,
) =>
  one<{ saved: boolean }>(tx, 'service.save_subscription($1, $2, $3, $4, $5, $6)', [
    randomUUID(),
    randomUUID(),
    reading,
    { subscription_id: id, customer_id: customer, paid_until: null, ...state },
    GRACE,
    now ?? new Date(),
  ])

const newCustomer = async (tx: Tx) => {
  const { id: userId } = await signUp(tx)
  const place = { id: `sub_${randomUUID()}`, customer: `cus_${randomUUID()}` }
  await link(tx, userId, place.customer)
  return { userId, ...place }
}

const states: State[] = [
  { status: 'incomplete', tier: 'pro' },
  { status: 'trialing', tier: 'pro' },
  { status: 'active', tier: 'pro' },
  { status: 'active', tier: 'enterprise' },
  { status: 'past_due', tier: 'enterprise' },
  { status: 'canceled', tier: 'enterprise' },
  { status: 'active', tier: null },
]

const entitled = ({ status, tier }: State) =>
  ['trialing', 'active', 'past_due'].includes(status) ? (tier ?? 'free') : 'free'

// A subscription lives through states. Every change makes events, which arrive doubled, late and in
// any order; each is processed as one reading, whose steps (begin, read, save) mix with the others'.
const history = fc.record({
  life: fc.array(fc.nat(states.length - 1), { minLength: 1, maxLength: 5 }),
  copies: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 }),
  turns: fc.array(fc.nat(1_000), { minLength: 120, maxLength: 120 }),
})

test('whatever order, doubles and overlaps events have, the tier is the last the provider knew', async () => {
  await withTx(async (tx) => {
    await fc.assert(
      fc.asyncProperty(history, async ({ life, copies, turns }) => {
        const place = await newCustomer(tx)
        let at = -1
        const readers: { step: number; reading: number; seen: State }[] = []
        const finished = () => readers.every(({ step }) => step === 3)
        for (const turn of [...turns, ...Array.from({ length: 400 }, (_, i) => i)]) {
          if (at < life.length - 1 && turn % 3 === 0) {
            at += 1
            for (let copy = 0; copy < (copies[at] ?? 1); copy += 1) {
              readers.push({ step: 0, reading: 0, seen: states[0] as State })
            }
            continue
          }
          const open = readers.filter(({ step }) => step < 3)
          const reader = open[turn % Math.max(open.length, 1)]
          if (!reader) continue
          if (reader.step === 0) reader.reading = await begin(tx, place.id)
          if (reader.step === 1) reader.seen = states[life[at] ?? 0] as State
          if (reader.step === 2) await save(tx, reader.reading, place, reader.seen)
          reader.step += 1
        }
        expect([at, finished()]).toEqual([life.length - 1, true])
        expect(await tierOf(tx, place.userId)).toBe(entitled(states[life[at] ?? 0] as State))
      }),
      { numRuns: 40 },
    )
  })
})

test('grace keeps the tier of a subscription that is past due, and its end takes it', () =>
  withTx(async (tx) => {
    const place = await newCustomer(tx)
    const start = new Date('2026-12-01T00:00:00Z')
    const day = (days: number) => new Date(start.getTime() + days * 86_400_000)
    const saveAt = async (days: number, status: string) =>
      save(tx, await begin(tx, place.id), { ...place, now: day(days) }, { status, tier: 'pro' })
    await saveAt(0, 'active')
    await saveAt(1, 'past_due')
    // Seen again, grace does not begin again.
    await saveAt(5, 'past_due')
    await one(tx, 'private.billing_tick($1)', [day(7.9)])
    expect(await tierOf(tx, place.userId)).toBe('pro')
    await one(tx, 'private.billing_tick($1)', [day(8)])
    expect(await tierOf(tx, place.userId)).toBe('free')
    await saveAt(9, 'unpaid')
    expect(await tierOf(tx, place.userId)).toBe('free')
    await saveAt(10, 'active')
    expect(await tierOf(tx, place.userId)).toBe('pro')
  }))

test('a canceled subscription gives its tier until the end of what was paid', () =>
  withTx(async (tx) => {
    const place = await newCustomer(tx)
    const end = new Date(Date.now() + 86_400_000)
    const state = { status: 'canceled', tier: 'enterprise', paid_until: end.toISOString() }
    await save(tx, await begin(tx, place.id), place, state)
    expect(await tierOf(tx, place.userId)).toBe('enterprise')
    await one(tx, 'private.billing_tick($1)', [end])
    expect(await tierOf(tx, place.userId)).toBe('free')
  }))

test('every workspace of the person is told of a change, and of none when nothing changes', () =>
  withTx(async (tx) => {
    const place = await newCustomer(tx)
    for (const _ of [1, 2]) {
      await save(tx, await begin(tx, place.id), place, { status: 'active', tier: 'pro' })
    }
    const { rows } = await tx.query<{ data: object }>(
      `select data - 'workspace_id' as data from public.events
       where type = 'workspace.tier_changed'
         and workspace_id = (select id from public.workspaces where owner_id = $1)`,
      [place.userId],
    )
    expect(rows).toEqual([{ data: { tier: 'pro', previous: 'free' } }])
  }))

test('a customer nobody linked gives nobody a tier, and an operator hears of it until it is linked', () =>
  withTx(async (tx) => {
    const { id: userId } = await signUp(tx)
    const place = { id: `sub_${randomUUID()}`, customer: `cus_${randomUUID()}` }
    await save(tx, await begin(tx, place.id), place, { status: 'active', tier: 'pro' })
    const alerts = () =>
      one<string>(tx, `(select count(*) from private.alerts where subject = $1)`, [place.customer])
    expect([await tierOf(tx, userId), await alerts()]).toEqual(['free', '1'])
    await link(tx, userId, place.customer)
    expect([await tierOf(tx, userId), await alerts()]).toEqual(['pro', '0'])
  }))

test('a customer stays with its user: neither can be linked twice', () =>
  withTx(async (tx) => {
    const place = await newCustomer(tx)
    const { id: other } = await signUp(tx)
    await link(tx, place.userId, place.customer)
    await tx.query('savepoint before')
    await expect(link(tx, other, place.customer)).rejects.toThrow('billing-customer-linked')
    await tx.query('rollback to before')
    await expect(link(tx, place.userId, 'cus_other')).rejects.toThrow('billing-customer-linked')
  }))

test('a tier an operator gave by hand is left alone while no customer is linked', () =>
  withTx(async (tx) => {
    const { id } = await signUp(tx)
    await tx.query(`update public.users set subscription_tier = 'enterprise' where id = $1`, [id])
    await tx.query('select private.refresh_tiers(array[$1::uuid], now())', [id])
    expect(await tierOf(tx, id)).toBe('enterprise')
  }))

test('a dispute alarms the operator until it is won', () =>
  withTx(async (tx) => {
    const dispute = { dispute_id: `dp_${randomUUID()}`, customer_id: 'cus_1', reason: 'fraudulent' }
    const saveDispute = (status: string) =>
      one(tx, 'service.save_dispute($1, $2, $3)', [
        randomUUID(),
        randomUUID(),
        { ...dispute, status, amount: 900, currency: 'eur' },
      ])
    const alerts = () =>
      one<string>(tx, '(select count(*) from private.alerts where subject = $1)', [
        dispute.dispute_id,
      ])
    await saveDispute('needs_response')
    await saveDispute('needs_response')
    expect(await alerts()).toBe('1')
    await saveDispute('won')
    expect(await alerts()).toBe('0')
  }))

test('of twenty readings that save at once, the latest wins', async () => {
  const setup = await race(1, (client) => newCustomer(client))
  const place = (setup[0] as PromiseFulfilledResult<Awaited<ReturnType<typeof newCustomer>>>).value
  await race(20, async (client, index, meet) => {
    const reading = await begin(client, place.id)
    await meet()
    await save(client, reading, place, {
      status: 'active',
      tier: reading === 20 ? 'enterprise' : index % 2 ? 'pro' : null,
    })
  })
  await race(1, async (client) => {
    expect(await tierOf(client, place.userId)).toBe('enterprise')
  })
})
