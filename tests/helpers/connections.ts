import { randomUUID } from 'node:crypto'
import type { Person } from './callers.ts'
import type { Tx } from './database.ts'

export const DEPLOYMENT_APP = '00000000-0000-0000-0000-000000000001'

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

/** Connects an X account as the OAuth callback does: reserves its id, then stores its tokens. */
export async function connectX(
  tx: Tx,
  person: Person,
  { remoteUserId = randomUUID() as string, tokens = 'v1.first' } = {},
): Promise<string> {
  const id = await one<string>(tx, 'service.reserve_account_id($1, $2, $3)', [
    person.workspaceId,
    DEPLOYMENT_APP,
    remoteUserId,
  ])
  await one(tx, 'service.connect_account($1)', [
    {
      id,
      workspace_id: person.workspaceId,
      user_id: person.id,
      x_app_id: DEPLOYMENT_APP,
      remote_user_id: remoteUserId,
      twitter_username: 'someone',
      encrypted_tokens: tokens,
      expires_at: new Date(Date.now() + 7_200_000),
      scopes: ['tweet.write'],
    },
  ])
  return id
}

export type TokenRow = { encrypted_tokens: string; version: string; refresh_lease: string | null }

export const readTokens = async (tx: Tx, accountId: string): Promise<TokenRow | undefined> =>
  (
    await tx.query<TokenRow>(
      `select encrypted_tokens, version, refresh_lease from private.account_tokens
       where account_id = $1`,
      [accountId],
    )
  ).rows[0]

export type AccountRow = { status: string; status_detail: string | null; version: number }

export const readAccount = async (tx: Tx, accountId: string): Promise<AccountRow | undefined> =>
  (await tx.query<AccountRow>('select * from public.accounts where id = $1', [accountId])).rows[0]

type Lease = { leased: boolean; version: number; encrypted_tokens: string }

export const leaseRefresh = (
  tx: Tx,
  accountId: string,
  { version = 1, lease = randomUUID() as string, now = new Date() } = {},
): Promise<Lease | null> =>
  one(tx, 'service.lease_token_refresh($1, $2, $3, $4)', [accountId, version, lease, now])

export const saveRefreshed = async (
  tx: Tx,
  accountId: string,
  version: number,
  tokens: string,
): Promise<boolean> =>
  (
    await one<{ saved: boolean }>(
      tx,
      `service.save_refreshed_tokens($1, $2, $3, now() + interval '2 hours')`,
      [accountId, version, tokens],
    )
  ).saved

/** X refuses the pair, and has done so a minute before unless `first`. True when its owner is asked. */
export const requireReauth = async (
  tx: Tx,
  accountId: string,
  version: number,
  { first = false, now = new Date() } = {},
): Promise<boolean> => {
  const refuse = async (at: Date) =>
    (
      await one<{ changed: boolean }>(
        tx,
        `service.require_reauth($1, $2, 'X refused the grant.', false, $3)`,
        [accountId, version, at],
      )
    ).changed
  if (!first) await refuse(new Date(now.getTime() - 60_000))
  return refuse(now)
}
