import { expect, test } from 'vitest'
import { connect, type Tx, withTx } from '../../helpers/database.ts'

type Chore = { due: string; done: string | null; error: string | null }

/** A chore of the test's own, due at `due`; the function it calls is made by `body`. */
const addChore = async (tx: Tx, { body, due }: { body: string; due: string }) => {
  await tx.query(
    `create function private.test_chore() returns void language plpgsql as $$ ${body} $$`,
  )
  await tx.query(
    `insert into private.chores (name, heartbeat, work, every, due_at)
     values ('test', 'others', 'private.test_chore', '10 seconds', $1)`,
    [due],
  )
}

const doChore = (tx: Tx, now: string, name = 'test') =>
  tx.query('select private.do_chore($1, $2)', [name, now])

const readChore = async (tx: Tx): Promise<Chore | undefined> => {
  const { rows } = await tx.query<Chore>(
    `select to_char(due_at, 'HH24:MI:SS') as due, to_char(done_at, 'HH24:MI:SS') as done, error
     from private.chores where name = 'test'`,
  )
  return rows[0]
}

const alerts = async (tx: Tx) => {
  const { rows } = await tx.query<{ kind: string; subject: string; detail: string }>(
    'select kind, subject, detail from private.alerts',
  )
  return rows
}

const day = (time: string) => `2026-11-28 ${time}Z`

test('every chore there is ends well on an idle database', () =>
  withTx(async (tx) => {
    const { rows } = await tx.query<{ name: string }>('select name from private.chores')
    for (const { name } of rows) await doChore(tx, '2999-01-01Z', name)

    const left = await tx.query('select name, error from private.chores where done_at is null')
    expect(left.rows).toEqual([])
    expect(rows.length).toBeGreaterThan(0)
  }))

test('what a chore raises is kept and alerted, and closes when it ends well', () =>
  withTx(async (tx) => {
    await addChore(tx, { body: `begin raise exception 'no luck'; end`, due: day('09:00:00') })

    await doChore(tx, day('09:00:00'))
    expect(await readChore(tx)).toEqual({ due: '09:00:10', done: null, error: 'no luck' })
    expect(await alerts(tx)).toEqual([{ kind: 'chore-failed', subject: 'test', detail: 'no luck' }])

    await tx.query(
      `create or replace function private.test_chore() returns void language sql as ''`,
    )
    await doChore(tx, day('09:00:10'))
    expect(await readChore(tx)).toEqual({ due: '09:00:20', done: '09:00:10', error: null })
    expect(await alerts(tx)).toEqual([])
  }))

test('a chore that the statement timeout ends has failed, and is not first again', () =>
  withTx(async (tx) => {
    await addChore(tx, { body: 'begin perform pg_sleep(60); end', due: day('09:00:00') })
    await tx.query(`set local statement_timeout = '200ms'`)
    await doChore(tx, day('09:00:00'))
    expect(await readChore(tx)).toEqual({
      due: '09:00:10',
      done: null,
      error: 'canceling statement due to statement timeout',
    })
  }))

test('readiness tells since when the tick has not ended well', () =>
  withTx(async (tx) => {
    const age = async (time: string) =>
      (
        await tx.query<{ age: number | null }>(
          `select (service.readiness($1) -> 'cron_age_seconds')::text::int as age`,
          [day(time)],
        )
      ).rows[0]?.age
    const tick = (body: string) =>
      tx.query(
        `create or replace function private.tick(p_now timestamptz default clock_timestamp())
         returns int language plpgsql as $$ ${body} $$`,
      )
    await tx.query(`update private.chores set due_at = $1 where name = 'publish'`, [
      day('09:00:00'),
    ])
    await tick('begin return 0; end')
    await doChore(tx, day('09:00:00'), 'publish')
    expect(await age('09:00:07')).toBe(7)
    await tick(`begin raise exception 'no luck'; end`)
    await doChore(tx, day('09:00:07'), 'publish')
    expect(await age('09:00:09')).toBe(9)
  }))

test('what a failed chore wrote is undone', () =>
  withTx(async (tx) => {
    const body = `begin perform private.raise_alert('x', '', '', ''); raise exception 'no luck'; end`
    await addChore(tx, { body, due: day('09:00:00') })
    await doChore(tx, day('09:00:00'))
    expect((await alerts(tx)).map(({ kind }) => kind)).toEqual(['chore-failed'])
  }))

const rhythm: [string, { due: string; now: string }, string][] = [
  ['is due when its time has come', { due: '09:00:00', now: '09:00:00' }, '09:00:10'],
  ['keeps its rhythm when done a little late', { due: '09:00:00', now: '09:00:04' }, '09:00:10'],
  ['makes up for nothing it missed', { due: '08:00:00', now: '09:00:04' }, '09:00:14'],
  ['is not silenced by a clock set back', { due: '10:00:00', now: '09:00:00' }, '09:00:10'],
]

for (const [what, { due, now }, next] of rhythm) {
  test(`a chore ${what}`, () =>
    withTx(async (tx) => {
      await addChore(tx, { body: 'begin end', due: day(due) })
      await doChore(tx, day(now))
      expect(await readChore(tx)).toMatchObject({ due: next, done: now })
    }))
}

test('a chore that is not due yet, or switched off, is not done', () =>
  withTx(async (tx) => {
    await addChore(tx, { body: `begin raise exception 'done'; end`, due: day('09:00:05') })
    await doChore(tx, day('09:00:04'))
    await tx.query(`update private.chores set is_on = false where name = 'test'`)
    await doChore(tx, day('09:00:06'))
    expect(await readChore(tx)).toEqual({ due: '09:00:05', done: null, error: null })
  }))

test('two heartbeats at once never do one chore twice, nor wait for each other', async () => {
  const [one, other] = [await connect(), await connect()]
  await one.query('begin')
  await one.query(`select private.do_chore('usage', '2999-01-01Z')`)
  await other.query(`set lock_timeout = '1s'`)
  await other.query(`select private.do_chore('usage', '2999-01-01Z')`)
  await one.query('rollback')

  const { rows } = await other.query(`select done_at from private.chores where name = 'usage'`)
  expect(rows).toEqual([{ done_at: null }])
})
