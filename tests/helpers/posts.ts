import { randomUUID } from 'node:crypto'
import { postStatuses } from '../../shared/posts/post.ts'
import { asUser, type Person } from './callers.ts'
import type { Tx } from './database.ts'
import type { Account } from './publishing.ts'

export const STATUSES = postStatuses

export type Status = (typeof STATUSES)[number]

/** What must stand beside a status in the row of a post. */
export const companionsOf = (status: Status) => ({
  scheduled_at: ['draft', 'pending_approval'].includes(status) ? null : '2040-01-01T00:00:00Z',
  published_at: ['published', 'partially_published'].includes(status)
    ? '2026-01-01T00:00:00Z'
    : null,
  held_reason: status === 'held' ? 'paused' : null,
  failure: status === 'failed' ? '{"slug": "test"}' : null,
})

/** A post in any status, as its history may have left it. Returns its id. */
export async function postIn(tx: Tx, status: Status, account: Account): Promise<string> {
  const { scheduled_at, published_at, held_reason, failure } = companionsOf(status)
  const { rows } = await tx.query<{ id: string }>(
    `insert into public.posts (
       workspace_id, account_id, user_id, content, status, scheduled_at, published_at, held_reason,
       failure
     ) values ($1, $2, $3, 'text', $4, $5, $6, $7, $8) returning id`,
    [
      account.person.workspaceId,
      account.id,
      account.person.id,
      status,
      scheduled_at,
      published_at,
      held_reason,
      failure,
    ],
  )
  const id = rows[0]?.id ?? ''
  await writeSegments(tx, id, status, account)
  return id
}

/** One segment; a thread that stopped has a second one, which X does not have. */
async function writeSegments(tx: Tx, id: string, status: Status, account: Account) {
  const isOnX = ['published', 'partially_published'].includes(status)
  await tx.query(
    `insert into public.post_segments (
       post_id, position, workspace_id, text, status, remote_id, published_at
     ) values ($1, 0, $2, 'text', $3, $4, $5)`,
    [
      id,
      account.person.workspaceId,
      isOnX ? 'published' : 'pending',
      isOnX ? randomUUID() : null,
      companionsOf(status).published_at,
    ],
  )
  if (status !== 'partially_published') return
  await tx.query(
    `insert into public.post_segments (post_id, position, workspace_id, text, status)
     values ($1, 1, $2, 'more', 'failed')`,
    [id, account.person.workspaceId],
  )
}

/** A new member of the account's workspace. */
export async function addMember(tx: Tx, account: Account, person: Person, role: string) {
  await tx.query('insert into public.workspace_members values ($1, $2, $3)', [
    account.person.workspaceId,
    person.id,
    role,
  ])
}

/** Commits one verb as its caller; rejects as PostgREST would answer. */
export async function commitAs<T>(client: Tx, person: Person, sql: string, values: unknown[]) {
  await client.query('begin')
  try {
    await asUser(client, person.id)
    const { rows } = await client.query<{ value: T }>(`select ${sql} as value`, values)
    await client.query('commit')
    return rows[0]?.value as T
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

export const newText = () => `text ${randomUUID()}`
