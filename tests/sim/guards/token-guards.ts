import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { rough } from './plans.ts'

/** Tokens that are about to end, of accounts whose posts workers send and look for at the same time. */
const fleeting = (plan: Plan): Plan => ({
  ...rough(plan),
  accounts: 3,
  posts: 10,
  stormMs: 75_000,
  people: { actions: 0, governs: false },
  holds: 0,
  webhooks: { ...plan.webhooks, endpoints: 0 },
  isolate: { ...rough(plan).isolate, suspends: false },
  x: { ...rough(plan).x, tokenLifeMs: 60_000, readFault: 0.5, slips: 0 },
})

/** Of the tokens an account is reached with. */
export const TOKEN_GUARDS: Guard[] = [
  {
    name: 'one worker at a time spends a refresh token',
    tampering: sql(
      withoutText('service.lease_token_refresh', 'tokens.refresh_lease is null', 'true'),
    ),
    sees: /spends a refresh token while/,
    change: fleeting,
  },
  {
    name: 'X is believed when it refuses a refresh token twice, a minute apart',
    tampering: sql(
      withoutText('private.is_refused_again', "refused_at <= p_now - interval '1 minute'", 'true'),
    ),
    sees: /asks for its owner though X has not refused its grant/,
    change: (plan) => ({ ...fleeting(plan), x: { ...fleeting(plan).x, slips: 1 } }),
  },
]
