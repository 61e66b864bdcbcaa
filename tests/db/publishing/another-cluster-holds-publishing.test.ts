import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPostgres } from '../../../scripts/stack/postgres.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  connectAccount,
  NOW,
  readPost,
  schedulePost,
  tick,
} from '../../helpers/publishing.ts'

const IDENTITY = 'select system_identifier::text as id from pg_control_system()'

let directory: string
let stop: () => Promise<void>
/** Who a cluster is that was made by initdb for this file. */
let elsewhere: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'myposts-cluster-'))
  const cluster = await createPostgres({ dataDir: join(directory, 'postgres'), fast: true })
  stop = () => cluster.stop('immediate')
  const client = new Client({ connectionString: cluster.adminUrl })
  await client.connect()
  elsewhere = (await client.query<{ id: string }>(IDENTITY)).rows[0]?.id ?? ''
  await client.end()
})
afterAll(async () => {
  await stop()
  await rm(directory, { recursive: true, force: true })
})

/** What a dump of the other cluster's database brings along; its timeline may well be the same. */
const restoreDump = (tx: Tx) =>
  tx.query('update private.incarnation set system_identifier = $1, seen_at = $2', [
    elsewhere,
    at(-120),
  ])

const sendable = async (tx: Tx, now: Date) =>
  (await claimJobs(tx, { now })).lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))

/** Each account that is to be read is read to the end: X has none of what is unsent. */
const readAll = async (tx: Tx, now: Date) =>
  (
    await tx.query(
      `select service.settle_restored_account(
         (claimed ->> 'account_id')::uuid, (claimed ->> 'look_id')::uuid, 'complete', p_now => $1
       )
       from jsonb_array_elements(service.claim_restored_accounts(p_now => $1)) as claimed`,
      [now],
    )
  ).rowCount

const identity = async (tx: Tx) => {
  const sql = 'select system_identifier::text as id from private.incarnation'
  return (await tx.query<{ id: string }>(sql)).rows[0]?.id
}

test('a dump that is restored on another cluster sends nothing before X was read, and goes on by itself', () =>
  withTx(async (tx) => {
    const here = (await tx.query<{ id: string }>(IDENTITY)).rows[0]?.id
    expect(elsewhere).toMatch(/^\d+$/)
    expect(elsewhere).not.toBe(here)
    const post = await schedulePost(tx, await connectAccount(tx), { latePolicy: 'publish' })
    expect(await sendable(tx, NOW)).toEqual([post])

    await restoreDump(tx)
    expect(await sendable(tx, at(60))).toEqual([])
    await tick(tx, at(61))
    expect(await readAll(tx, at(62))).toBe(1)
    await tick(tx, at(63))
    expect(await sendable(tx, at(63))).toEqual([])
    expect(await identity(tx)).toBe(elsewhere)

    expect(await readAll(tx, at(61 + 421))).toBe(1)
    await tick(tx, at(61 + 422))
    expect(await identity(tx)).toBe(here)
    expect(await sendable(tx, at(61 + 423))).toEqual([post])
    expect((await readPost(tx, post)).status).toBe('scheduled')
  }))
