import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'

/** Microseconds since the epoch, from 1970 to 2200: what timestamptz tells apart. */
const instants = fc.uniqueArray(fc.bigInt(0n, 7_258_118_400_000_000n), {
  minLength: 1,
  maxLength: 200,
})

/** Runs SQL over instants, which it knows as the table `times (at, place)`; true for each row where it holds. */
const holdsFor = async (micros: bigint[], condition: string) =>
  withTx(async (tx) => {
    const { rows } = await tx.query<{ broken: string[] | null }>(
      `with times as (
         select 'epoch'::timestamptz + micros * interval '1 microsecond' as at, place
         from unnest($1::bigint[]) with ordinality as t (micros, place)
       ), ids as materialized (select at, place, private.uuid_v7(at) as id from times)
       select array_agg(at || ' ' || id) filter (where (${condition}) is not true) as broken from ids`,
      [micros.map(String)],
    )
    expect(rows[0]?.broken ?? []).toEqual([])
  })

const check = (condition: string) =>
  fc.assert(
    fc.asyncProperty(instants, (micros) => holdsFor(micros, condition)),
    { numRuns: 20 },
  )

test('an id is a UUID of version 7 and of the variant of RFC 9562', () =>
  check(`id::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'`))

test('an id gives back the millisecond it was made at', () =>
  check(`private.uuid_v7_time(id) = date_trunc('milliseconds', at)`))

test('an id lies between the bounds of its millisecond', () =>
  check(`id >= private.uuid_v7_floor(at)
    and id < private.uuid_v7_floor(at + interval '1 millisecond')`))

test('an id lies in the month it was made in, so its row lands in that leaf', () =>
  check(`id >= private.uuid_v7_floor(private.month_floor(at))
    and id < private.uuid_v7_floor(private.month_floor(at, 1))`))

test('ids sort as their times do, to the microsecond', () =>
  fc.assert(
    fc.asyncProperty(instants, (micros) =>
      withTx(async (tx) => {
        const { rows } = await tx.query<{ by_id: string[]; by_time: string[] }>(
          `with ids as (
             select private.uuid_v7('epoch'::timestamptz + micros * interval '1 microsecond') as id, micros
             from unnest($1::bigint[]) as micros
           )
           select array_agg(micros order by id) as by_id, array_agg(micros order by micros) as by_time
           from ids`,
          [micros.map(String)],
        )
        expect(rows[0]?.by_id).toEqual(rows[0]?.by_time)
      }),
    ),
    { numRuns: 20 },
  ))

test('neighbouring microseconds sort as well', () =>
  withTx(async (tx) => {
    const { rows } = await tx.query<{ sorted: boolean }>(
      `select bool_and(id > previous) as sorted
       from (
         select id, lag(id) over (order by step) as previous
         from (
           select step, private.uuid_v7('2026-11-22'::timestamptz + step * interval '1 microsecond') as id
           from generate_series(0, 3000) as step
         ) as ids
       ) as pairs`,
    )
    expect(rows[0]?.sorted).toBe(true)
  }))

test('two ids of one instant differ', () =>
  withTx(async (tx) => {
    const { rows } = await tx.query<{ count: string }>(
      `select count(distinct private.uuid_v7('2026-11-22')) from generate_series(1, 1000)`,
    )
    expect(rows[0]?.count).toBe('1000')
  }))
