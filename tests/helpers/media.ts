import { randomUUID } from 'node:crypto'
import type { Person } from './callers.ts'
import type { Tx } from './database.ts'
import { type Account, actFor, at, NOW } from './publishing.ts'

const value = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

const asNobody = (tx: Tx) => tx.query(`select set_config('request.jwt.claims', '', false)`)

type Kind = 'image' | 'gif' | 'video'

/** A medium whose file has not come yet. Returns its id. */
export async function beginMedia(tx: Tx, person: Person, kind: Kind = 'image'): Promise<string> {
  await tx.query(`select set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ sub: person.id, role: 'authenticated' }),
  ])
  const media = await value<{ id: string }>(tx, 'public.create_media($1, $2)', [
    person.workspaceId,
    {
      file_name: `${randomUUID()}.bin`,
      content_type: kind === 'video' ? 'video/mp4' : 'image/png',
      bytes: 1000,
      kind,
      alt_text: 'what it shows',
      upload_seconds: 3600,
    },
  ])
  await asNobody(tx)
  return media.id
}

/** A medium that was uploaded and found good. Returns its id. */
export async function readyMedia(tx: Tx, person: Person, kind: Kind = 'image'): Promise<string> {
  const id = await beginMedia(tx, person, kind)
  const findings = { etag: 'e', width: 10, height: 10 }
  await value(tx, 'service.record_media($1, $2)', [id, findings])
  return id
}

type PostOptions = { due?: Date | null; latePolicy?: string; text?: string }

/** A post that shows media, one list for each segment, scheduled unless `due` is null. */
export async function postWithMedia(
  tx: Tx,
  account: Account,
  media: string[][],
  { due = NOW, latePolicy, text }: PostOptions = {},
): Promise<string> {
  await actFor(tx, account)
  const segments = media.map((media_ids) => ({
    text: text ?? `text ${randomUUID()}`,
    media_ids,
  }))
  const post = await value<{ id: string }>(tx, 'public.create_post($1)', [
    { account_id: account.id, segments, scheduled_at: due, late_policy: latePolicy },
  ])
  await asNobody(tx)
  return post.id
}

/** An upload as a worker claims it. */
export type ClaimedUpload = {
  media_id: string
  account_id: string
  lease_id: string
  state: string
  remote_id: string | null
  next_chunk: number
  restarts: number
  object_key: string
}

export const claimUploads = (tx: Tx, now = NOW, limit = 10): Promise<ClaimedUpload[]> =>
  value(tx, 'service.claim_media_uploads($1, p_now => $2)', [limit, now])

export const saveUpload = (tx: Tx, upload: ClaimedUpload, progress: object, now = NOW) =>
  value<{ kept: boolean }>(tx, 'service.save_media_upload($1, $2, $3, $4, p_now => $5)', [
    upload.media_id,
    upload.account_id,
    upload.lease_id,
    progress,
    now,
  ])

export const settleUpload = (tx: Tx, upload: ClaimedUpload, ending: object, now = NOW) =>
  value<{ kept: boolean }>(tx, 'service.settle_media_upload($1, $2, $3, $4, $5)', [
    upload.media_id,
    upload.account_id,
    upload.lease_id,
    ending,
    now,
  ])

/** Brings every due upload onto the network, where it stays for a day. Returns their remote ids. */
export async function uploadAll(tx: Tx, now = NOW): Promise<string[]> {
  const remoteIds: string[] = []
  for (const upload of await claimUploads(tx, now)) {
    const remoteId = String(1000 + Math.floor(Math.random() * 1e12))
    const expires_at = new Date(now.getTime() + 86_400_000)
    await saveUpload(tx, upload, { remote_id: remoteId, expires_at, next_chunk: 1 }, now)
    await settleUpload(tx, upload, { state: 'ready', expires_at }, now)
    remoteIds.push(remoteId)
  }
  return remoteIds
}

export const isMediaReady = (tx: Tx, postId: string): Promise<boolean> =>
  value(tx, `select media_ready from private.publish_jobs where post_id = $1`, [postId])

export const uploadOf = (tx: Tx, mediaId: string) =>
  value<Record<string, unknown>>(
    tx,
    'select to_jsonb(uploads) from private.media_uploads as uploads where media_id = $1',
    [mediaId],
  )

export const LATER = at(3600)
