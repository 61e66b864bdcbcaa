import { expect, test } from 'vitest'
import { connect, type Tx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'
import { claim, createEndpoint, delivered, emit, settleAll } from '../../helpers/webhooks.ts'

const endpointWith = async (tx: Tx, events: number, options: Record<string, unknown> = {}) => {
  const { endpoint } = await createEndpoint(tx, { max_in_flight: 100, ...options })
  await emit(tx, endpoint.workspace_id, 'post.published', events)
  return endpoint
}

test('never hands one delivery to two workers that claim and settle at once', async () => {
  const tx = await connect()
  for (let index = 0; index < 8; index += 1) await endpointWith(tx, 40)

  const seen: string[] = []
  await race(6, async (client) => {
    for (let round = 0; round < 12; round += 1) {
      const batch = await claim(client, { limit: 30 })
      seen.push(...batch.deliveries.map(({ id }) => id))
      await settleAll(client, batch, delivered)
    }
  })
  for (;;) {
    const batch = await claim(tx)
    if (batch.deliveries.length === 0) break
    seen.push(...batch.deliveries.map(({ id }) => id))
    await settleAll(tx, batch, delivered)
  }

  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toHaveLength(320)
})

test('never has more under way to an endpoint than it wants, with many workers', async () => {
  const tx = await connect()
  const endpoint = await endpointWith(tx, 60, { max_in_flight: 7 })

  const claims = await race(6, (client) => claim(client))
  await claim(tx)

  const taken = claims.flatMap((it) => (it.status === 'fulfilled' ? it.value.deliveries : []))
  expect(taken.filter((it) => it.endpoint_id === endpoint.id).length).toBeLessThanOrEqual(7)
  const { rows } = await tx.query(
    'select from private.delivery_jobs where endpoint_id = $1 and claim_id is not null',
    [endpoint.id],
  )
  expect(rows).toHaveLength(7)
})
