import { expect, test } from 'vitest'
import { type Tx, withTx } from '../helpers/database.ts'
import { keepPlans } from './database/keep-plans.ts'

/** Bodies in language sql: what they answer, and what they write into `private.noted` on the way. */
const FUNCTIONS: [string, string, string][] = [
  ['one row', 'int', 'select n from generate_series(3, 3) as n'],
  ['nothing, for no row', 'int', 'select n from generate_series(1, 0) as n'],
  [
    'nothing, and what each row calls',
    'void',
    `select private.note('v') from generate_series(1, 3)`,
  ],
  [
    'after statements before it, to their last row',
    'bigint',
    `select private.note('x') from generate_series(1, 3); -- note; twice
     insert into private.noted values ('a;b'); select count(*) from private.noted`,
  ],
  [
    'what a change returns',
    'text',
    `with gone as (delete from private.noted returning text) insert into private.noted
     select upper(text) from gone returning text`,
  ],
  ['a set', 'setof int', 'select n from generate_series(1, 3) as n'],
]

const answers = async (tx: Tx) => {
  const seen = []
  for (const [what, result] of FUNCTIONS) {
    await tx.query(`delete from private.noted`)
    await tx.query(`insert into private.noted values ('before')`)
    const { rows } = await tx.query(`select * from private."${what}"()`)
    const noted = await tx.query('select text from private.noted order by text')
    // What a void function answers differs between the languages, and nobody reads it.
    seen.push({ what, rows: result === 'void' ? [] : rows, noted: noted.rows })
  }
  return seen
}

test('a function whose plans are kept answers and writes what it did before', () =>
  withTx(async (tx) => {
    await tx.query('create table private.noted (text text)')
    await tx.query(
      `create function private.note(p_text text) returns int language plpgsql as
       $$ begin insert into private.noted values (p_text); return length(p_text) + 6; end $$`,
    )
    for (const [what, result, body] of FUNCTIONS) {
      await tx.query(
        `create function private."${what}"() returns ${result} language sql set search_path = '' as $$${body}$$`,
      )
    }
    const before = await answers(tx)
    await keepPlans(tx)
    expect(await answers(tx)).toEqual(before)
    const { rows } = await tx.query(
      `select lanname from pg_proc join pg_language on pg_language.oid = prolang where proname = any ($1)`,
      [FUNCTIONS.map(([what]) => what)],
    )
    expect(rows).toEqual(FUNCTIONS.map(() => ({ lanname: 'plpgsql' })))
  }))

test('a select of several rows, of which language sql runs one, is no seed that plays otherwise', () =>
  withTx(async (tx) => {
    await tx.query(
      `create function private.first_of_many() returns int language sql set search_path = ''
       as 'select n from generate_series(3, 5) as n'`,
    )
    expect((await tx.query('select private.first_of_many() as n')).rows).toEqual([{ n: 3 }])
    await keepPlans(tx)
    await expect(tx.query('select private.first_of_many()')).rejects.toThrow('a second row of')
  }))
