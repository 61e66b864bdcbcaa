import { describe, expect, test } from 'vitest'
import { asAnon, asUser, signUp } from '../../helpers/callers.ts'
import { withTx } from '../../helpers/database.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const beyondReach = [
  `select net.http_get('http://127.0.0.1')`,
  'select * from net.http_request_queue',
  `select cron.schedule('* * * * *', 'select 1')`,
  'select * from cron.job',
  'select * from vault.decrypted_secrets',
  `select vault.create_secret('x')`,
  'select * from auth.users',
  'select * from platform.vault_key',
]

describe.each(beyondReach)('%s', (sql) => {
  test('is refused to an anonymous caller', () =>
    withTx(async (tx) => {
      await asAnon(tx)
      expect(await refusalOf(tx, sql)).toMatchObject({ code: '42501' })
    }))

  test('is refused to a signed-in user', () =>
    withTx(async (tx) => {
      const { id } = await signUp(tx)
      await asUser(tx, id)
      expect(await refusalOf(tx, sql)).toMatchObject({ code: '42501' })
    }))
})
