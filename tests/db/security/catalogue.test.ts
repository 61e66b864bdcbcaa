import { describe, expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { definers } from './catalogue/definers.ts'
import { exposure } from './catalogue/exposure.ts'
import { functionRules } from './catalogue/functions.ts'
import { keys } from './catalogue/keys.ts'
import { partitions } from './catalogue/partitions.ts'
import { policies } from './catalogue/policies.ts'
import { tableRules } from './catalogue/tables.ts'

const rules = [
  ...exposure,
  ...functionRules,
  ...definers,
  ...policies,
  ...tableRules,
  ...keys,
  ...partitions,
]

describe.each(rules)('$rule', ({ offenders, violations }) => {
  test('holds', () =>
    withTx(async (tx) => {
      expect(await offenders(tx)).toEqual([])
    }))

  test.each(violations)('would notice: %s', (violation) =>
    withTx(async (tx) => {
      await tx.query(violation)
      expect(await offenders(tx)).not.toEqual([])
    }),
  )
})

test('what a later migration makes is exposed to nobody until it says so', () =>
  withTx(async (tx) => {
    for (const schema of ['public', 'private', 'service']) {
      await tx.query(`
        create table ${schema}.later (id bigint generated always as identity primary key);
        create view ${schema}.later_view as select id from ${schema}.later`)
    }
    await tx.query(`
      create function public.later() returns int language sql set search_path = '' as 'select 1';
      create function private.later() returns int language sql set search_path = '' as 'select 1'`)

    for (const { offenders } of exposure) expect(await offenders(tx)).toEqual([])
  }))
