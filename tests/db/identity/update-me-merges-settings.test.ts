import { expect, test } from 'vitest'
import { asUser, signUp } from '../../helpers/callers.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { race } from '../../helpers/race.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const updateMe = async (tx: Tx, settings: unknown) =>
  (
    await tx.query<{ me: { id: string; settings: unknown } }>('select public.update_me($1) as me', [
      JSON.stringify(settings),
    ])
  ).rows[0]?.me

const signedIn = async (tx: Tx) => {
  const person = await signUp(tx)
  await asUser(tx, person.id)
  return person
}

test('keys are merged, and those set to null removed', () =>
  withTx(async (tx) => {
    const { id } = await signedIn(tx)
    await updateMe(tx, { theme: 'dark', locale: 'de', week: { starts: 'monday' } })

    const me = await updateMe(tx, { theme: null, locale: 'en' })

    expect(me).toMatchObject({ id, settings: { locale: 'en', week: { starts: 'monday' } } })
  }))

test('only the caller changes', () =>
  withTx(async (tx) => {
    const other = await signUp(tx)
    await signedIn(tx)
    await updateMe(tx, { theme: 'dark' })
    await asUser(tx, other.id)
    expect(await updateMe(tx, {})).toMatchObject({ id: other.id, settings: {} })
  }))

test.each([
  ['more than 8 kB', { text: 'x'.repeat(8200) }],
  ['a list', ['x']],
  ['a text', 'x'],
  ['a number', 1],
  ['nothing', null],
])('%s is refused as 422, and nothing changes', (_, settings) =>
  withTx(async (tx) => {
    await signedIn(tx)
    await updateMe(tx, { theme: 'dark' })

    const refusal = await refusalOf(tx, 'select public.update_me($1)', [JSON.stringify(settings)])

    expect(refusal).toMatchObject({ code: 'PT422', message: 'settings-invalid' })
    expect(await updateMe(tx, {})).toMatchObject({ settings: { theme: 'dark' } })
  }),
)

test('settings that grow step by step are refused at the same size', () =>
  withTx(async (tx) => {
    await signedIn(tx)
    await updateMe(tx, { first: 'x'.repeat(5000) })
    const second = JSON.stringify({ second: 'x'.repeat(5000) })
    expect(await refusalOf(tx, 'select public.update_me($1)', [second])).toMatchObject({
      code: 'PT422',
    })
  }))

test('two changes at once both last', async () => {
  const tx = await connect()
  const { id } = await signUp(tx)

  await race(8, async (client, index) => {
    await client.query('begin')
    await asUser(client, id)
    await updateMe(client, { [`key_${index}`]: index })
    await client.query('commit')
  })

  await tx.query('begin')
  await asUser(tx, id)
  const me = await updateMe(tx, {})
  expect(Object.keys(me?.settings ?? {})).toHaveLength(8)
  await disconnect(tx)
})
