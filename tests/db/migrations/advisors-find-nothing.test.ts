import { beforeAll, expect, test } from 'vitest'
import { connect, databaseUrl } from '../../helpers/database.ts'
import { remote, supabase } from '../../helpers/supabase-cli.ts'

const findings = async () => {
  const url = remote(await databaseUrl())
  const output = await supabase('db', 'advisors', '--level=warn', '--output-format=json', url)
  return (JSON.parse(output) as { results: { name: string }[] }).results
}

// Half of the advisors look only at the schemas the API exposes, which a hosted project tells them.
beforeAll(async () => {
  const client = await connect('supabase_admin')
  await client.query(`
    do $$ begin
      execute format('alter database %I set pgrst.db_schemas = %L', current_database(), 'public, service');
    end $$`)
})

test('the advisors of Supabase have no warning and no error', async () => {
  expect(await findings()).toEqual([])
})

test('they would have noticed a table that everybody can read', async () => {
  const client = await connect()
  await client.query('create table public.open (id int primary key)')
  await client.query('grant select on public.open to anon')
  const names = (await findings()).map(({ name }) => name)
  await client.query('drop table public.open')
  expect(names).toContain('rls_disabled_in_public')
})
