import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import {
  callAs,
  claim,
  createEndpoint,
  delivered,
  emit,
  resultOf,
  retry,
  settle,
} from '../../helpers/webhooks.ts'

test('deliveries are found by endpoint, event, type, status and time', () =>
  withTx(async (tx) => {
    const { person } = await createEndpoint(tx)
    const { endpoint: other } = await createEndpoint(tx, { event_types: ['post.failed'] }, person)
    const [published] = await emit(tx, person.workspaceId, 'post.published')
    const [failed] = await emit(tx, person.workspaceId, 'post.failed')
    const { deliveries } = await claim(tx)
    await settle(
      tx,
      deliveries.map((one) => resultOf(one, one.endpoint_id === other.id ? retry(60) : delivered)),
    )

    const eventsFor = async (filter: object) =>
      (
        await callAs<{ event_id: string }[]>(tx, person, 'public.list_deliveries($1, $2)', [
          person.workspaceId,
          filter,
        ])
      ).map(({ event_id }) => event_id)
    const soon = new Date(Date.now() + 60_000)
    expect(await eventsFor({})).toHaveLength(3)
    expect(await eventsFor({ endpoint_id: other.id })).toEqual([failed])
    expect(await eventsFor({ event_id: published })).toEqual([published])
    expect(await eventsFor({ event_type: 'post.published' })).toEqual([published])
    expect(await eventsFor({ status: 'pending' })).toEqual([failed])
    expect(await eventsFor({ from: new Date(Date.now() - 60_000), to: soon })).toHaveLength(3)
    expect(await eventsFor({ from: soon })).toEqual([])
    expect(await eventsFor({ to: new Date(Date.now() - 60_000) })).toEqual([])
  }))
