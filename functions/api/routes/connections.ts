import { Hono } from 'hono'
import { z } from 'zod'
import { type Connection, finishConnection } from '../../../shared/accounts/finish-connection.ts'
import {
  ConnectInput,
  ConnectResult,
  startConnection,
} from '../../../shared/accounts/start-connection.ts'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'
import type { Network } from '../../../shared/networks/network.ts'

const docs = {
  connect: describe({
    summary: 'Start connecting an X account',
    responses: { 200: { description: 'Where to send the browser.', schema: ConnectResult } },
    errors: ['not-found', 'role-required', 'workspace-suspended'],
  }),
  callback: describe({
    summary: 'Where the network sends the browser back to',
    description: 'Not for programs. Without return_to the answer is JSON.',
    responses: {
      302: { description: 'To return_to, with ?account_id or ?error.', headers: ['location'] },
      200: {
        description: 'How it ended, when no return_to was given.',
        schema: z.object({ account_id: z.uuid().optional(), error: z.string().optional() }),
      },
    },
    errors: ['oauth-state-invalid'],
  }),
}

const outcomeOf = (connection: Connection): { account_id?: string; error?: string } =>
  'accountId' in connection ? { account_id: connection.accountId } : { error: connection.error }

const withOutcome = (returnTo: string, connection: Connection): string => {
  const url = new URL(returnTo)
  for (const [name, value] of Object.entries(outcomeOf(connection))) {
    url.searchParams.set(name, value)
  }
  return url.href
}

/** Connecting an account: OAuth 2.0 with PKCE, started by a member and ended by X's redirect. */
export const connections = (deps: Deps, network: () => Promise<Network>) =>
  new Hono()
    .post(
      '/accounts/connect',
      requireUser(deps),
      docs.connect,
      workspace,
      validate('json', ConnectInput),
      idempotent(deps),
      async (c) => {
        const { caller, workspaceId } = c.var
        const input = c.req.valid('json')
        const x = await network()
        return c.json(await startConnection(deps, caller, x, workspaceId, input), 200)
      },
    )
    // No JWT arrives with a redirect: the single-use state is the proof.
    .get('/accounts/callback', docs.callback, async (c) => {
      const callback = new URL(c.req.url).searchParams
      const connection = await finishConnection(deps, await network(), callback)
      c.header('referrer-policy', 'no-referrer')
      if (connection.returnTo) return c.redirect(withOutcome(connection.returnTo, connection), 302)
      return c.json(outcomeOf(connection), 200)
    })
