import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { refusalOf } from '../../helpers/refusal.ts'

test.each([
  'alter table auth.users add column x int',
  'create table auth.x ()',
  'create table realtime.x ()',
  'alter table realtime.messages enable row level security',
  'alter table realtime.messages add column x int',
  'drop table realtime.messages',
  'update cron.job set active = false',
  'select key from platform.vault_key',
])('%s is refused', (sql) =>
  withTx(async (tx) => {
    expect(await refusalOf(tx, sql)).toMatchObject({ code: '42501' })
  }),
)

test('may manage policies on realtime.messages', () =>
  withTx(async (tx) => {
    await tx.query(
      'create policy "x" on realtime.messages for select to authenticated using (false)',
    )
    await tx.query('alter policy "x" on realtime.messages using (true)')
    await tx.query('drop policy "x" on realtime.messages')
  }))

test('may put triggers on auth.users and refer to it', () =>
  withTx(async (tx) => {
    await tx.query(`
      create table public.x (id uuid references auth.users (id));
      create function public.x() returns trigger language plpgsql as 'begin return new; end';
      create trigger x after insert on auth.users for each row execute function public.x();
    `)
  }))
