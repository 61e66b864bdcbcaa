import type { SimEndpoint } from '../database/endpoints.ts'
import type { SimPerson } from '../database/fixture.ts'
import type { World } from '../world.ts'
import type { Acts } from './acts.ts'

type Need = { world: World; people: SimPerson[]; endpoints: SimEndpoint[]; acts: Acts }

const TYPES = ['post.published', 'post.failed', 'post.unconfirmed', 'webhook_endpoint.disabled']
const HOUR_MS = 3_600_000

/** What people do with their webhook endpoints and what was, or was not, delivered to them. */
export const createEndpointChanges = ({ world, people, endpoints, acts }: Need) => {
  const { plan, scheduler } = world
  const random = world.random.fork('endpoints')
  const own = endpoints.slice(0, plan.webhooks.endpoints)
  const rotations = new Map<string, number>()

  const act = ({ person }: SimEndpoint, fn: string, args: Record<string, unknown>) =>
    acts.actAs(person, fn, args)
  const urlOf = ({ host }: SimEndpoint) => `https://${host}/${random.pick(['in', 'events'])}`
  const types = () => random.pick([null, null, TYPES])

  const create = (endpoint: SimEndpoint) =>
    act(endpoint, 'create_webhook_endpoint', {
      p_workspace_id: people[endpoint.person]?.workspaceId,
      p_endpoint: {
        id: endpoint.id,
        url: urlOf(endpoint),
        max_in_flight: random.pick([1, 2, 20]),
        max_per_second: random.pick([null, null, null, 2]),
        event_types: plan.webhooks.isDead ? TYPES : types(),
      },
      p_encrypted_secret: endpoint.secrets[0]?.sealed,
    })
  const update = (endpoint: SimEndpoint, changes: Record<string, unknown>) =>
    act(endpoint, 'update_webhook_endpoint', { p_endpoint_id: endpoint.id, p_changes: changes })
  const rotate = (endpoint: SimEndpoint) => {
    const number = (rotations.get(endpoint.id) ?? 0) + 1
    rotations.set(endpoint.id, number)
    const sealed = endpoint.secrets[number]?.sealed
    return sealed
      ? act(endpoint, 'rotate_webhook_secret', {
          p_endpoint_id: endpoint.id,
          p_encrypted_secret: sealed,
        })
      : Promise.resolve()
  }
  const replay = (endpoint: SimEndpoint) => {
    const sent = world.state().deliveries.filter((each) => each.endpoint === endpoint.id)
    if (sent.length === 0) return Promise.resolve()
    return act(endpoint, 'replay_delivery', { p_delivery_id: random.pick(sent).id })
  }
  const recover = (endpoint: SimEndpoint, p_kind: string) =>
    act(endpoint, 'recover_deliveries', {
      p_endpoint_id: endpoint.id,
      p_kind,
      p_since: new Date(world.time() - HOUR_MS).toISOString(),
    })

  const changes: Record<string, (endpoint: SimEndpoint) => Promise<unknown>> = {
    disable: (endpoint) => update(endpoint, { status: 'disabled' }),
    enable: (endpoint) => update(endpoint, { status: 'enabled' }),
    move: (endpoint) => update(endpoint, { url: urlOf(endpoint) }),
    limit: (endpoint) => update(endpoint, { max_in_flight: random.pick([1, 3, 20]) }),
    filter: (endpoint) => update(endpoint, { event_types: plan.webhooks.isDead ? TYPES : types() }),
    rotate,
    test: ({ id, person }) => acts.actAs(person, 'test_webhook_endpoint', { p_endpoint_id: id }),
    replay,
    failed: (endpoint) => recover(endpoint, 'failed'),
    missing: (endpoint) => recover(endpoint, 'missing'),
    delete: (endpoint) => act(endpoint, 'delete_webhook_endpoint', { p_endpoint_id: endpoint.id }),
  }
  const weights = {
    disable: 1.5,
    enable: 2.5,
    move: 1,
    limit: 1,
    filter: 1,
    rotate: 1,
    test: 2,
    replay: 3,
    failed: 1.5,
    missing: 2,
    delete: 0.3,
  }

  /** Everything they will do, at times of the seed's choosing. */
  return async (): Promise<void> => {
    for (const endpoint of own) {
      if (random.chance(0.8)) await create(endpoint)
      else scheduler.after(random.between(0, plan.stormMs), () => create(endpoint).then(() => {}))
    }
    for (let index = 0; own.length > 0 && index < plan.webhooks.actions; index += 1) {
      scheduler.after(random.between(0, plan.stormMs), async () => {
        await changes[random.weighted(weights)]?.(random.pick(own))
      })
    }
  }
}
