import { expect, test } from 'vitest'
import { databaseUrl } from '../../helpers/database.ts'
import { remote, supabase } from '../../helpers/supabase-cli.ts'

test('the advisors of Supabase have no warning and no error', async () => {
  const output = await supabase(
    'db',
    'advisors',
    '--level=warn',
    '--output-format=json',
    remote(await databaseUrl()),
  )
  expect(JSON.parse(output)).toMatchObject({ results: [] })
})
