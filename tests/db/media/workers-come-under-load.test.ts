import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { claimUploads, postWithMedia, readyMedia } from '../../helpers/media.ts'
import { at, connectAccount, count, NOW, tick } from '../../helpers/publishing.ts'

const configure = (tx: Tx) =>
  tx.query(
    `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
       vault.create_secret('sb_secret_test', 'cron_key')`,
  )

/** Accounts with a due picture each. */
const crowd = async (tx: Tx, accounts: number) => {
  for (let index = 0; index < accounts; index += 1) {
    const account = await connectAccount(tx)
    await postWithMedia(tx, account, [[await readyMedia(tx, account.person)]])
  }
}

const missing = async (tx: Tx, perWorker: number) =>
  (await tx.query('select private.missing_uploaders($1, $2) as missing', [NOW, perWorker])).rows[0]
    ?.missing

const callsOfMedia = (tx: Tx) => count(tx, `net.http_request_queue where url like '%/media'`)

test('one worker for what is due, one more for each hundred uploads, and four in all at the most', () =>
  withTx(async (tx) => {
    expect(await missing(tx, 2)).toBe(0)
    for (const workers of [1, 2, 2, 3, 3, 4, 4, 4]) {
      await crowd(tx, 1)
      expect(await missing(tx, 2)).toBe(workers)
    }
  }))

test('workers that are busy are counted, and one more look is always had', () =>
  withTx(async (tx) => {
    await crowd(tx, 24)
    expect(await missing(tx, 2)).toBe(4)
    await claimUploads(tx, NOW, 16)
    expect(await missing(tx, 2)).toBe(3)
    await claimUploads(tx, NOW, 7)
    expect(await missing(tx, 1)).toBe(1)
  }))

test('the tick rings the media function for what is due, and not for what nobody may upload', () =>
  withTx(async (tx) => {
    await configure(tx)
    await crowd(tx, 1)
    await tx.query(`update private.doorbells set rung_at = '-infinity'`)
    await tx.query('delete from net.http_request_queue')
    await tick(tx, NOW)
    expect(await callsOfMedia(tx)).toBe(1)

    await tx.query(`update private.x_apps set breaker_open_until = 'infinity'`)
    await tick(tx, at(2))
    expect(await callsOfMedia(tx)).toBe(1)
  }))

test('a crowd of due uploads brings several workers at once', () =>
  withTx(async (tx) => {
    await configure(tx)
    await crowd(tx, 101)
    await tx.query(`update private.doorbells set rung_at = '-infinity'`)
    await tx.query('delete from net.http_request_queue')
    await tick(tx, NOW)
    expect(await callsOfMedia(tx)).toBe(2)
  }))
