import type { Client } from 'pg'

/** Pictures of an account, uploaded to X long ago. */
export type SimMedium = { id: string; remoteId: string }

/** An account's last digit is all that tells its pictures from those of others. */
export const mediaOf = (accountId: string): SimMedium[] =>
  [0, 1].map((place) => ({
    id: `00000000-0000-4000-b000-0000000000${place}${accountId.slice(-1)}`,
    remoteId: remoteIdOf(`${place}${accountId.slice(-1)}`),
  }))

const remoteIdOf = (end: string) => `30000000000000000${end}`

/** What X calls pictures of ours. */
export const remoteMediaOf = (ids: string[]): string[] => ids.map((id) => remoteIdOf(id.slice(-2)))

const upload = async (client: Client, accountId: string, { id, remoteId }: SimMedium) => {
  await client.query(
    `insert into public.media (
       id, workspace_id, file_name, content_type, bytes, kind, status, etag, upload_expires_at, ready_at
     )
     select $1, workspace_id, 'cat.png', 'image/png', 1000, 'image', 'ready', 'etag', now(), now()
     from public.accounts where id = $2`,
    [id, accountId],
  )
  await client.query(
    `insert into private.media_uploads (media_id, account_id, state, remote_id, expires_at)
     values ($1, $2, 'ready', $3, 'infinity')`,
    [id, accountId, remoteId],
  )
}

export const uploadMedia = async (client: Client, accounts: { id: string }[]): Promise<void> => {
  for (const { id } of accounts) {
    for (const medium of mediaOf(id)) await upload(client, id, medium)
  }
}
