import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { beginMedia, readyMedia } from '../../helpers/media.ts'
import { count, tick } from '../../helpers/publishing.ts'

type Look = { id: string; is_last_look: boolean }

/** So many minutes after the media of a test were begun. */
const minutes = (count: number) => new Date(Date.now() + count * 60_000)

const claim = async (tx: Tx, at: Date, limit = 20): Promise<Look[]> =>
  (
    await tx.query<{ looks: Look[] }>('select service.claim_media_looks($1, $2) as looks', [
      limit,
      at,
    ])
  ).rows[0]?.looks ?? []

const giveUp = (tx: Tx, id: string, at: Date) =>
  tx.query('select service.give_up_media($1, $2)', [id, at])

const statusOf = async (tx: Tx, id: string) =>
  (await tx.query<{ status: string }>('select status from public.media where id = $1', [id]))
    .rows[0]?.status

test('a file is looked for a minute after its medium was made, then ever more rarely', () =>
  withTx(async (tx) => {
    const media = await beginMedia(tx, await signUp(tx))
    const found: number[] = []
    for (let minute = 0; minute <= 130; minute += 1) {
      if ((await claim(tx, minutes(minute + 0.1))).some(({ id }) => id === media))
        found.push(minute)
    }
    expect(found).toEqual([1, 3, 7, 15, 31, 63, 123])
  }))

test('the last look comes when nothing can come any more, and only then is a medium given up', () =>
  withTx(async (tx) => {
    const media = await beginMedia(tx, await signUp(tx))
    expect(await claim(tx, minutes(119))).toMatchObject([{ id: media, is_last_look: false }])
    await giveUp(tx, media, minutes(119))
    expect(await statusOf(tx, media)).toBe('uploading')

    expect(await claim(tx, minutes(180))).toMatchObject([{ id: media, is_last_look: true }])
    expect(await statusOf(tx, media)).toBe('uploading')
    await giveUp(tx, media, minutes(180))
    expect(await statusOf(tx, media)).toBe('deleted')
    expect(await count(tx, 'private.object_removals')).toBe(1)
    expect(await claim(tx, minutes(10_000))).toEqual([])
  }))

test('nobody gives up a file without a look, however old', () =>
  withTx(async (tx) => {
    const media = await beginMedia(tx, await signUp(tx))
    await tx.query(`update public.media set created_at = created_at - interval '30 days'`)
    await tick(tx, minutes(60))
    expect(await statusOf(tx, media)).toBe('uploading')
  }))

test('what is known is looked for no more, and a look is made again when its worker dies', () =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    await readyMedia(tx, person)
    const [older, newer] = [await beginMedia(tx, person), await beginMedia(tx, person)]
    // A transaction has one time only.
    const earlier = `next_look_at = next_look_at - interval '1 second'`
    await tx.query(`update public.media set ${earlier} where id = $1`, [older])
    const ids = async (at: Date) => (await claim(tx, at, 1)).map(({ id }) => id)
    expect(await ids(minutes(2))).toEqual([older])
    expect(await ids(minutes(2.1))).toEqual([newer])
    expect(await ids(minutes(2.2))).toEqual([])
    expect(await ids(minutes(5))).toEqual([older])
  }))

test('the tick rings for a file that may have come, and for nothing else', () =>
  withTx(async (tx) => {
    const rung = async (at: Date) => {
      await tick(tx, at)
      const sql = `select rung_at = $1 as is_rung from private.doorbells where slug = 'media'`
      return (await tx.query<{ is_rung: boolean }>(sql, [at])).rows[0]?.is_rung ?? false
    }
    expect(await rung(minutes(1))).toBe(false)
    await beginMedia(tx, await signUp(tx))
    expect(await rung(minutes(2))).toBe(true)
  }))
