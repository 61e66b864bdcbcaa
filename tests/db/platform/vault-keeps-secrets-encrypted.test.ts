import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { refusalOf } from '../../helpers/refusal.ts'

test('a secret is read back only through the decrypting view', () =>
  withTx(async (tx) => {
    await tx.query(`select vault.create_secret('plain', 'test', 'what for')`)
    const stored = await tx.query(`select secret from vault.secrets where name = 'test'`)
    const read = await tx.query(
      `select decrypted_secret, description from vault.decrypted_secrets where name = 'test'`,
    )
    expect(stored.rows[0].secret).not.toContain('plain')
    expect(read.rows).toEqual([{ decrypted_secret: 'plain', description: 'what for' }])
  }))

test('an update changes only what it names', () =>
  withTx(async (tx) => {
    const { rows } = await tx.query(`select vault.create_secret('old', 'test', 'what for') as id`)
    await tx.query(`select vault.update_secret($1, 'new')`, [rows[0].id])
    const read = await tx.query(
      'select name, decrypted_secret, description from vault.decrypted_secrets where id = $1',
      [rows[0].id],
    )
    expect(read.rows).toEqual([{ name: 'test', decrypted_secret: 'new', description: 'what for' }])
  }))

test('no two secrets share a name', () =>
  withTx(async (tx) => {
    await tx.query(`select vault.create_secret('a', 'test')`)
    expect(await refusalOf(tx, `select vault.create_secret('b', 'test')`)).toMatchObject({
      code: '23505',
    })
  }))
