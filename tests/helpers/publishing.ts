import { randomUUID } from 'node:crypto'
import type { Advance, Attempt, AttemptResult, Claim } from '../../shared/publishing/batches.ts'
import type { OpenLook } from '../../shared/publishing/judge-looks.ts'
import { type Person, signUp } from './callers.ts'
import type { Tx } from './database.ts'

export type Account = { id: string; person: Person }

/** A moment every test of publishing starts from; posts are due relative to it. */
export const NOW = new Date(Date.now() + 3_600_000)
export const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000)

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

/** A connected account with (sealed, meaningless) tokens; its person is made when absent. */
export async function connectAccount(tx: Tx, person?: Person): Promise<Account> {
  const owner = person ?? (await signUp(tx))
  const id = randomUUID()
  await one(tx, 'service.connect_account($1)', [
    {
      id,
      workspace_id: owner.workspaceId,
      user_id: owner.id,
      x_app_id: '00000000-0000-0000-0000-000000000001',
      remote_user_id: randomUUID(),
      twitter_username: 'someone',
      encrypted_tokens: 'v1.test.iv.sealed',
      expires_at: at(86_400),
      scopes: ['tweet.write'],
    },
  ])
  return { id, person: owner }
}

type PostOptions = { due?: Date; texts?: string[]; latePolicy?: string; lateAfterSeconds?: number }

/** A scheduled post, made by the verb its author would use. Returns its id. */
export async function schedulePost(
  tx: Tx,
  account: Account,
  { due = NOW, texts, latePolicy, lateAfterSeconds }: PostOptions = {},
): Promise<string> {
  const claims = JSON.stringify({ sub: account.person.id, role: 'authenticated' })
  await tx.query(`select set_config('request.jwt.claims', $1, false)`, [claims])
  const post = await one<{ id: string }>(tx, 'public.create_post($1)', [
    {
      account_id: account.id,
      segments: texts ?? [`text ${randomUUID()}`],
      scheduled_at: due,
      late_policy: latePolicy,
      late_after_seconds: lateAfterSeconds,
    },
  ])
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
  return post.id
}

type ClaimOptions = {
  claimId?: string
  workerId?: string
  now?: Date
  lanes?: number
  perLane?: number
}

export const claimJobs = (
  tx: Tx,
  {
    claimId = randomUUID(),
    workerId = randomUUID(),
    now = NOW,
    lanes = 500,
    perLane = 20,
  }: ClaimOptions = {},
): Promise<Claim & { claimId: string }> =>
  one<Claim>(tx, 'service.claim_jobs($1, $2, $3, $4, p_now => $5)', [
    claimId,
    workerId,
    lanes,
    perLane,
    now,
  ]).then((claim) => ({ ...claim, claimId }))

type GoOptions = { goId?: string; now?: Date; runAt?: Date }

export const go = async (
  tx: Tx,
  claimId: string,
  postIds: string[],
  { goId = randomUUID(), now = NOW, runAt = now }: GoOptions = {},
): Promise<Attempt[]> => {
  const wanted = postIds.map((post_id) => ({ post_id, claim_id: claimId, run_at: runAt }))
  const sql = 'service.advance($1, p_go => $2, p_now => $3)'
  return (await one<Advance>(tx, sql, [goId, JSON.stringify(wanted), now])).attempts
}

/** Claims and goes: the attempts a worker would now send. */
export async function startSending(
  tx: Tx,
  now = NOW,
): Promise<{ claimId: string; attempts: Attempt[] }> {
  const claim = await claimJobs(tx, { now })
  const jobs = claim.lanes.flatMap((lane) => lane.jobs)
  const postIds = jobs.map(({ post_id }) => post_id)
  const runAt = new Date(Math.max(...jobs.map(({ run_at }) => Date.parse(run_at)), now.getTime()))
  return { claimId: claim.claimId, attempts: await go(tx, claim.claimId, postIds, { now, runAt }) }
}

export const resultFor = (
  attempt: Attempt,
  outcome: AttemptResult['outcome'],
  rest: Partial<AttemptResult> = {},
): AttemptResult => ({
  post_id: attempt.post_id,
  position: attempt.position,
  number: attempt.number,
  outcome,
  ...(outcome === 'accepted'
    ? { remote_id: randomUUID() }
    : { error: { slug: 'test', detail: 'A test said so.', who: 'provider', remedy: 'None.' } }),
  ...rest,
})

/** Threads go on at once unless a pause is asked for. */
export const settle = (
  tx: Tx,
  claimId: string,
  results: AttemptResult[],
  { release = [] as string[], skipped = [] as string[], now = NOW, pause = '0 seconds' } = {},
): Promise<unknown> => {
  const lane = (is_skipped: boolean) => (account_id: string) => ({
    account_id,
    claim_id: claimId,
    is_skipped,
  })
  const done = [...release.map(lane(false)), ...skipped.map(lane(true))]
  const sql = 'service.advance($1, p_results => $2, p_release => $3, p_pause => $4, p_now => $5)'
  return one(tx, sql, [randomUUID(), JSON.stringify(results), JSON.stringify(done), pause, now])
}

export const rescue = (tx: Tx, now: Date): Promise<number> =>
  one(tx, 'private.rescue_attempts(p_now => $1)', [now])

export const claimLooks = async (tx: Tx, now: Date): Promise<(Attempt & OpenLook)[]> =>
  (await one<{ looks: (Attempt & OpenLook)[] }>(tx, 'service.claim_looks(p_now => $1)', [now]))
    .looks

/** Makes every open look due and answers it with the same verdict. */
export async function look(tx: Tx, now: Date, verdict: object): Promise<void> {
  await tx.query('update private.live_attempts set next_look_at = $1', [now])
  const looks = await claimLooks(tx, now)
  await settleLooks(
    tx,
    looks.map((open) => ({ ...open, ...verdict })),
    now,
  )
}

export const tick = (tx: Tx, now: Date): Promise<number> => one(tx, 'private.tick($1)', [now])

/** The rest of the session acts with the account's owner's claims, still as `postgres`. */
export const actFor = (tx: Tx, account: Account) =>
  tx.query(`select set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ sub: account.person.id, role: 'authenticated' }),
  ])

export const settleLooks = (tx: Tx, verdicts: unknown[], now: Date): Promise<unknown> =>
  one(tx, 'service.settle_looks($1, p_now => $2)', [JSON.stringify(verdicts), now])

export type PostRow = {
  id: string
  status: string
  published_at: Date | null
  held_reason: string | null
  failure: { slug: string; segment: number } | null
  version: number
}

export const readPost = async (tx: Tx, postId: string): Promise<PostRow> =>
  (await tx.query<PostRow>('select * from public.posts where id = $1', [postId])).rows[0] as PostRow

export const readSegments = async (tx: Tx, postId: string) =>
  (
    await tx.query<{ status: string; remote_id: string | null }>(
      'select status, remote_id from public.post_segments where post_id = $1 order by position',
      [postId],
    )
  ).rows

export const readAttempts = async (tx: Tx, postId: string) =>
  (
    await tx.query<{ status: string; number: number; position: number }>(
      'select * from public.publish_attempts where post_id = $1 order by position, number',
      [postId],
    )
  ).rows

export const eventTypes = async (tx: Tx, postId: string): Promise<string[]> =>
  (
    await tx.query<{ type: string }>(
      'select type from public.events where subject_id = $1 order by id',
      [postId],
    )
  ).rows.map(({ type }) => type)

/** Counts rows, as a number. */
export const count = async (tx: Tx, from: string, values: unknown[] = []): Promise<number> =>
  Number(await one<string>(tx, `select count(*) from ${from}`, values))
