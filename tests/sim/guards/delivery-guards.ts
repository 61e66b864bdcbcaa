import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'

/** Two endpoints that often fail, workers that die and freeze, and people who replay and recover. */
const noisy = (plan: Plan): Plan => ({
  ...plan,
  stormMs: 60_000,
  people: { actions: 8, governs: false },
  isolate: { ...plan.isolate, crash: 0.01, freeze: 0.02, crashAtCommit: 0.02 },
  database: { ...plan.database, lostAfter: 0.1 },
  webhooks: { endpoints: 2, fault: 0.5, actions: 12, isDead: false },
})

/** People who change their minds while every other answer of the database is lost and asked for again. */
const deaf = (plan: Plan): Plan => ({
  ...noisy(plan),
  stormMs: 75_000,
  isolate: { ...plan.isolate, crash: 0, crashAtCommit: 0, freeze: 0 },
  bell: { lost: 0, lateTick: 0 },
  database: { ...plan.database, lostBefore: 0, lostAfter: 0.5, slowMs: 800, outages: 0 },
  webhooks: { endpoints: 2, fault: 0.3, actions: 80, isDead: false },
})

/** Workers that freeze with an answer, which they report when somebody else has the delivery. */
const sleepy = (plan: Plan): Plan => ({
  ...noisy(plan),
  accounts: 1,
  posts: 10,
  people: { actions: 0, governs: false },
  isolate: { ...plan.isolate, crash: 0, crashAtCommit: 0, freeze: 0.15 },
  webhooks: { endpoints: 2, fault: 0.8, actions: 0, isDead: false },
})

/** Of what is handed to workers, and of what they report. */
export const DELIVERY_GUARDS: Guard[] = [
  {
    name: 'a late failure leaves alone what another worker holds',
    tampering: sql(withoutText('private.postpone_jobs', 'and jobs.number = results.number')),
    sees: /failed while it was under way|waits .* after failure/,
    change: sleepy,
  },
  {
    name: 'an event has one delivery to an endpoint',
    tampering: sql(
      withoutText(
        'private.missed_events',
        'deliveries.event_id = positions.event_id and deliveries.endpoint_id = p_endpoint.id',
        'false',
      ),
    ),
    sees: /has two deliveries/,
    change: noisy,
  },
  {
    name: 'an endpoint has no more under way than it may',
    tampering: sql(
      withoutText('private.due_deliveries', '- private.deliveries_in_flight(endpoints.id, p_now)'),
    ),
    sees: /had enough under way/,
    change: noisy,
  },
  {
    name: 'a lease that lapsed is taken again',
    tampering: sql(
      withoutText(
        'private.due_deliveries',
        'and jobs.run_at <= p_now',
        'and jobs.run_at <= p_now and jobs.claim_id is null',
      ),
    ),
    sees: /leaves behind what is due/,
    change: noisy,
  },
  {
    name: 'nothing is handed out of an endpoint that is disabled',
    tampering: sql(
      withoutText('private.due_deliveries', "and endpoints.status = 'enabled'"),
      withoutText('private.claimed_endpoints', "endpoints.status = 'enabled'", 'true'),
      withoutText('private.refresh_endpoint_lanes', "and endpoints.status = 'enabled'"),
      withoutText('private.drain_lanes', 'where is_draining', 'where false'),
    ),
    sees: /disabled or deleted/,
    change: noisy,
  },
  {
    name: 'a call that is repeated hands out nothing of an endpoint disabled meanwhile',
    tampering: sql(
      withoutText('private.claimed_endpoints', "endpoints.status = 'enabled'", 'true'),
    ),
    sees: /handed to a worker though it is disabled/,
    change: deaf,
  },
  {
    name: 'a success is adopted however late it comes',
    tampering: sql(withoutText('private.end_jobs', "results.outcome = 'delivered'", 'false')),
    sees: /is delivered, its job says otherwise/,
    change: noisy,
  },
]
