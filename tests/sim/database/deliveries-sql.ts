import type { DeliveryRows } from './delivery-rows.ts'
import { ms, type Part, rows } from './marks-sql.ts'

/** How the parts of a snapshot are read that tell of deliveries. */
export const DELIVERIES: Record<keyof DeliveryRows, Part> = {
  endpoints: {
    reads: ['public.webhook_endpoints', 'private.webhook_secrets'],
    sql: rows(
      {
        id: 'id',
        workspace: 'workspace_id',
        url: 'url',
        enabled: `status = 'enabled'`,
        reason: 'disabled_reason',
        most: 'max_in_flight',
        failures: 'failure_count',
        types: 'event_types',
        created: ms('created_at'),
        secrets: `(
          select coalesce(json_agg(
            json_build_object('sealed', encrypted_secret, 'expires', ${ms('expires_at')})
            order by expires_at desc
          ), '[]')
          from private.webhook_secrets where endpoint_id = endpoints.id
        )`,
      },
      '(select * from public.webhook_endpoints order by id) as endpoints',
    ),
  },
  deliveries: {
    reads: ['public.webhook_deliveries'],
    sql: rows(
      {
        id: 'id',
        endpoint: 'endpoint_id',
        event: 'event_id',
        status: 'status',
        failure: 'failure',
        next: ms('next_attempt_at'),
      },
      '(select * from public.webhook_deliveries order by id) as deliveries',
    ),
  },
  errands: {
    reads: ['private.delivery_jobs'],
    sql: rows(
      {
        delivery: 'delivery_id',
        endpoint: 'endpoint_id',
        event: 'event_id',
        run: ms('run_at'),
        claim: 'claim_id',
        number: 'number',
        failures: 'failure_count',
      },
      '(select * from private.delivery_jobs order by delivery_id) as errands',
    ),
  },
  hooks: {
    reads: ['private.endpoint_lanes'],
    sql: rows(
      {
        endpoint: 'endpoint_id',
        ready: ms('ready_at'),
        blocked: ms('blocked_until'),
        paced: ms('paced_until'),
        drains: 'is_draining',
      },
      '(select * from private.endpoint_lanes order by endpoint_id) as hooks',
    ),
  },
  stamped: {
    reads: ['public.event_positions'],
    sql: rows(
      {
        id: 'id',
        workspace: 'workspace_id',
        type: 'type',
        subject: 'subject_id',
        created: ms('created_at'),
      },
      `(
        select events.*
        from public.event_positions as positions
        join public.events on events.id = positions.event_id
        where current_setting('sim.tells', true) = 'on'
        order by events.id
      ) as stamped`,
    ),
  },
}
