import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Batch, type Fleet, newFleet, scheduleBatch } from '../../helpers/chaos-batch.ts'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import {
  acceptedOf,
  expectNoneStranded,
  expectOnceEach,
  untilAccepted,
} from '../../helpers/chaos-truth.ts'
import { startHalfOpenProxy } from '../../helpers/half-open-proxy.ts'
import { until } from '../../helpers/until.ts'

const TCP_USER_TIMEOUT_MS = 15_000
const toX = await startHalfOpenProxy()
const toPostgres = await startHalfOpenProxy()
const chaos = useChaosStack({
  env: { X_API_URL: `http://127.0.0.1:${toX.port}` },
  restThrough: (databasePort) => {
    toPostgres.aim(databasePort)
    return toPostgres.port
  },
})
let fleet: Fleet

beforeAll(async () => {
  toX.aim(Number(new URL(chaos.stack().state.x_url).port))
  fleet = await newFleet(chaos, 40)
})
afterAll(() => {
  toX.close()
  toPostgres.close()
})

const isPublished = async ({ ids }: Batch) => {
  const published = `select from public.posts where status = 'published' and id = any ($1)`
  return (await chaos.sql().query(published, [ids])).rowCount === ids.length
}

// The event and not the state, which ends within milliseconds if X tells of the post by itself.
const UNCONFIRMED = `select from public.events where type = 'post.unconfirmed' and subject_id = any ($1::uuid[])`

const untilUnconfirmed = ({ ids }: Batch) =>
  until(
    'the abort made it unconfirmed',
    async () => (await chaos.sql().query(UNCONFIRMED, [ids])).rowCount === ids.length,
    45_000,
  )

// Each waits out the request's own limit of 20 s, so they wait together.
test.concurrent.each([
  ['the request', 'request', 0],
  ['the answer', 'answer', 1],
] as const)(
  'a connection to X that swallows %s neither doubles nor loses the post',
  async (_, side, taken) => {
    const batch = await scheduleBatch(chaos, fleet, { count: 1, inMs: 3_000 })
    const silenced = toX.silenceOn(`${batch.name} `, side)

    await silenced
    await untilUnconfirmed(batch)

    expect(await acceptedOf(chaos, batch)).toHaveLength(taken)
    await expectOnceEach(chaos, batch)
  },
)

test.concurrent('a post that X accepts after our abort is unconfirmed, then adopted, never sent twice', async () => {
  const batch = await scheduleBatch(chaos, fleet, { count: 1, inMs: 3_000 })
  await chaos.x().addFault({
    match: { method: 'POST', path: '/2/tweets', text_contains: `${batch.name} ` },
    kind: 'late_accept',
    ms: 1_000,
    times: 1,
  })

  await untilUnconfirmed(batch)
  await untilAccepted(chaos, batch, 1)

  await until('it is adopted', () => isPublished(batch), 45_000)
  await expectOnceEach(chaos, batch)
})

test('connections to Postgres that fall silent double, lose and strand nothing', async () => {
  const batch = await scheduleBatch(chaos, fleet, { count: 240, inMs: 2_000, overMs: 6_000 })
  await untilAccepted(chaos, batch, 60)

  expect(toPostgres.silenceOpen()).toBeGreaterThan(1)
  // PostgREST's own settings end a connection that acknowledges nothing for so long.
  const deadline = Date.now() + TCP_USER_TIMEOUT_MS
  await until('TCP gave up', () => Date.now() > deadline, 2 * TCP_USER_TIMEOUT_MS)
  toPostgres.reset()

  await expectNoneStranded(chaos, batch)
  await expectOnceEach(chaos, batch)
})
