import { Hono } from 'hono'
import { z } from 'zod'
import { Account, UpdateAccountInput } from '../../../shared/accounts/account.ts'
import { AccountHealth, getAccountHealth } from '../../../shared/accounts/account-health.ts'
import { listAccounts } from '../../../shared/accounts/list-accounts.ts'
import {
  disconnectAccount,
  getAccount,
  updateAccount,
} from '../../../shared/accounts/manage-account.ts'
import { refreshProfile } from '../../../shared/accounts/refresh-profile.ts'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, setETag } from '../../../shared/http/if-match.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { paginate } from '../../../shared/http/page.ts'
import { IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'
import type { Network } from '../../../shared/networks/network.ts'

const ListQuery = z.strictObject({
  cursor: cursorOf(z.tuple([z.iso.datetime({ offset: true }), z.uuid()])).optional(),
  limit: limitOf(50),
})

const HealthQuery = z.strictObject({
  period: z.enum(['1h', '24h', '7d', '30d']).default('7d').meta({
    description: 'Over which lateness is measured.',
  }),
})

const answer = { description: 'The account.', schema: Account, headers: ['etag'] }

const docs = {
  list: describe({
    summary: 'List accounts, newest first',
    responses: { 200: { description: 'A page.', schema: pageOf(Account), headers: ['link'] } },
  }),
  get: describe({ summary: 'Read an account', responses: { 200: answer } }),
  health: describe({
    summary: 'Whether an account can send, and how late it was',
    responses: { 200: { description: 'Its health.', schema: AccountHealth } },
  }),
  update: describe({
    summary: 'Pause, resume or change an account',
    responses: { 200: answer },
    errors: ['role-required', 'time-zone-unknown'],
  }),
  refresh: describe({
    summary: "Read an account's profile again",
    description:
      'Handle, name and text limit, as the network has them now: for an account that was renamed or whose paid tier has changed. The network bills the look, and is not asked twice a minute: within one, the answer is what is known.',
    responses: { 200: answer },
    errors: [
      'role-required',
      'workspace-suspended',
      'account-not-connected',
      'conflict',
      'network-unavailable',
    ],
  }),
  disconnect: describe({
    summary: 'Disconnect an account',
    description:
      'Its tokens are destroyed and revoked at the network. Scheduled posts wait until it is connected again. Safe to repeat.',
    responses: { 200: answer },
    errors: ['role-required'],
  }),
}

/** Connected accounts. How one gets connected: connections.ts. */
export const accounts = (deps: Deps, network: () => Promise<Network>) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .get('/accounts', user, docs.list, workspace, validate('query', ListQuery), async (c) => {
      const { cursor, limit } = c.req.valid('query')
      const rows = await listAccounts(c.var.caller, c.var.workspaceId, cursor ?? null, limit + 1)
      return c.json(
        paginate(c, rows, limit, (account) => [account.created_at, account.id]),
        200,
      )
    })
    .get('/accounts/:id', user, docs.get, id, async (c) => {
      const account = await getAccount(c.var.caller, c.req.valid('param').id)
      setETag(c, account.version)
      return c.json(account, 200)
    })
    .get(
      '/accounts/:id/health',
      user,
      docs.health,
      id,
      validate('query', HealthQuery),
      async (c) => {
        const { id: accountId } = c.req.valid('param')
        const { period } = c.req.valid('query')
        return c.json(await getAccountHealth(c.var.caller, accountId, period), 200)
      },
    )
    .patch(
      '/accounts/:id',
      user,
      docs.update,
      id,
      ifMatch,
      validate('json', UpdateAccountInput),
      async (c) => {
        const { id: accountId } = c.req.valid('param')
        const changes = c.req.valid('json')
        const account = await updateAccount(c.var.caller, accountId, changes, c.var.version)
        setETag(c, account.version)
        return c.json(account, 200)
      },
    )
    .post('/accounts/:id/refresh', user, docs.refresh, id, noBody, idempotent(deps), async (c) => {
      const { id: accountId } = c.req.valid('param')
      const account = await refreshProfile(deps, c.var.caller, await network(), accountId)
      setETag(c, account.version)
      return c.json(account, 200)
    })
    .delete('/accounts/:id', user, docs.disconnect, id, ifMatch, async (c) => {
      const { id: accountId } = c.req.valid('param')
      const account = await disconnectAccount(c.var.caller, accountId, c.var.version)
      setETag(c, account.version)
      return c.json(account, 200)
    })
}
