import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  claimUploads,
  postWithMedia,
  readyMedia,
  saveUpload,
  settleUpload,
} from '../../helpers/media.ts'
import {
  type Account,
  at,
  claimJobs,
  connectAccount,
  count,
  eventTypes,
  schedulePost,
} from '../../helpers/publishing.ts'

const DEPLOYMENT = '00000000-0000-0000-0000-000000000001'

const limitsTick = (tx: Tx, seconds: number) =>
  tx.query('select private.limits_tick($1)', [at(seconds)])

const app = async (tx: Tx) =>
  (await tx.query('select * from private.x_apps where id = $1', [DEPLOYMENT])).rows[0]

const noCredits = (seconds: number) => ({
  later: { slug: 'credits-depleted', detail: 'No credits.', who: 'app', remedy: 'Buy some.' },
  after_ms: 300_000,
  block_app_until: at(seconds + 300).toISOString(),
})

/** Accounts with a due post that waits for its picture, the oldest first. */
const waitingPosts = async (tx: Tx, accounts: number): Promise<Account[]> => {
  const made: Account[] = []
  for (let index = 0; index < accounts; index += 1) {
    const account = await connectAccount(tx)
    const medium = await readyMedia(tx, account.person)
    const due = at(index - accounts)
    await postWithMedia(tx, account, [[medium]], { due, latePolicy: 'publish' })
    made.push(account)
  }
  return made
}

const claimed = async (tx: Tx, seconds: number, limit = 10) => {
  const uploads = await claimUploads(tx, at(seconds), limit)
  return { uploads, accounts: uploads.map(({ account_id }) => account_id) }
}

/** Three accounts of which the first upload meets an app without credits. */
const outage = async (tx: Tx) => {
  const accounts = await waitingPosts(tx, 3)
  const [upload] = (await claimed(tx, 0, 1)).uploads
  if (!upload) throw new Error('an upload was due')
  await settleUpload(tx, upload, noCredits(0), at(0))
  await limitsTick(tx, 1)
  return accounts
}

/** What a worker does with the upload of a probe. */
const probe = async (tx: Tx, seconds: number, ending?: object) => {
  const { uploads, accounts } = await claimed(tx, seconds)
  for (const upload of uploads) {
    const progress = { remote_id: upload.media_id, expires_at: at(86_400), next_chunk: 1 }
    await saveUpload(tx, upload, progress, at(seconds))
    const ready = { state: 'ready', expires_at: at(86_400) }
    await settleUpload(tx, upload, ending ?? ready, at(seconds))
  }
  return accounts
}

test('an upload for which the app has no credits stops the app, and everybody hears of it', () =>
  withTx(async (tx) => {
    const accounts = await outage(tx)
    const [first] = accounts
    if (!first) throw new Error('no account')
    await schedulePost(tx, first, { due: at(2), latePolicy: 'publish' })

    expect(await app(tx)).toMatchObject({
      breaker_open_until: Number.POSITIVE_INFINITY,
      breaker_reason: 'No credits.',
      probe_at: at(300),
    })
    expect(await count(tx, `private.alerts where kind = 'x-app-blocked'`)).toBe(1)
    expect(await eventTypes(tx, DEPLOYMENT)).toEqual(accounts.map(() => 'app.blocked'))
    expect((await claimJobs(tx, { now: at(299) })).lanes).toEqual([])
    expect((await claimed(tx, 299)).accounts).toEqual([])
  }))

test('where every post waits for its media, the first file that gets through opens the app for all', () =>
  withTx(async (tx) => {
    const accounts = await outage(tx)
    await limitsTick(tx, 300)
    const tried = await probe(tx, 301)
    expect(tried).toHaveLength(1)
    expect(await app(tx)).toMatchObject({ breaker_open_until: at(301), probe_account_id: null })

    await limitsTick(tx, 302)
    expect((await claimJobs(tx, { now: at(302) })).lanes).toMatchObject([{ account_id: tried[0] }])
    const rest = accounts.map(({ id }) => id).filter((id) => id !== tried[0])
    expect((await claimed(tx, 302)).accounts.sort()).toEqual(rest.sort())
    expect(await eventTypes(tx, DEPLOYMENT)).toContain('app.unblocked')
    expect(await count(tx, `private.alerts where kind = 'x-app-blocked'`)).toBe(0)
  }))

test('a file that X does not take for the app puts off the next try, by another account', () =>
  withTx(async (tx) => {
    await outage(tx)
    await limitsTick(tx, 300)
    const [first] = await probe(tx, 300, noCredits(300))
    await limitsTick(tx, 302)
    expect((await claimed(tx, 599)).accounts).toEqual([])
    await limitsTick(tx, 600)
    const [second] = await probe(tx, 600, noCredits(600))
    expect(second).toBeDefined()
    expect(second).not.toBe(first)
  }))

test('a try of which nothing is heard is given to another account', () =>
  withTx(async (tx) => {
    await outage(tx)
    await limitsTick(tx, 300)
    const first = (await app(tx)).probe_account_id
    await limitsTick(tx, 361)
    const second = (await app(tx)).probe_account_id
    expect([first, second]).not.toContain(null)
    expect(second).not.toBe(first)
  }))

test('an account with a post to try does so, and no file goes before', () =>
  withTx(async (tx) => {
    await outage(tx)
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { due: at(200), latePolicy: 'publish' })
    await limitsTick(tx, 300)
    expect(await app(tx)).toMatchObject({ probe_account_id: account.id })
    expect((await claimed(tx, 300)).accounts).toEqual([])
  }))

test('an answer about a file that X had before opens nothing', () =>
  withTx(async (tx) => {
    await outage(tx)
    await tx.query(
      `update private.media_uploads
       set state = 'processing', remote_id = '7', expires_at = 'infinity'`,
    )
    await limitsTick(tx, 300)
    expect(await probe(tx, 300)).toHaveLength(1)
    expect((await app(tx)).breaker_open_until).toBe(Number.POSITIVE_INFINITY)
    // But its post waits for nothing any more, and tries.
    await limitsTick(tx, 361)
    expect((await claimJobs(tx, { now: at(361) })).lanes).toHaveLength(1)
  }))

test('files of an account that may send nothing are no try', () =>
  withTx(async (tx) => {
    await outage(tx)
    await tx.query(`update private.account_lanes set closed_by = '{workspace}'`)
    await limitsTick(tx, 300)
    expect((await app(tx)).probe_account_id).toBeNull()
  }))

test('media are uploaded while a window for posts is used up, to be there when it ends', () =>
  withTx(async (tx) => {
    await waitingPosts(tx, 1)
    await tx.query('update private.x_apps set breaker_open_until = $1', [at(900)])
    expect((await claimed(tx, 0)).accounts).toHaveLength(1)
  }))
