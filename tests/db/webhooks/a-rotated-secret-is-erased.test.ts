import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { callAs, createEndpoint, type Endpoint, tick } from '../../helpers/webhooks.ts'

const DAY_MS = 86_400_000

const secretsOf = async (tx: Tx, { id }: Endpoint) =>
  (
    await tx.query(
      `select encrypted_secret from private.webhook_secrets where endpoint_id = $1
       order by expires_at desc`,
      [id],
    )
  ).rows.map(({ encrypted_secret }) => encrypted_secret)

test('a secret is erased by the tick when its day after a rotation is over, and no other is', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    const { endpoint: untouched } = await createEndpoint(tx)
    const { previous_expires_at: until } = await callAs<{ previous_expires_at: string }>(
      tx,
      person,
      `public.rotate_webhook_secret($1, 'v1.new')`,
      [endpoint.id],
    )
    const day = new Date(until).getTime()
    expect(day - Date.now()).toBeGreaterThan(DAY_MS - 60_000)

    await tick(tx, new Date(day - 1))
    expect(await secretsOf(tx, endpoint)).toEqual(['v1.new', 'v1.test.iv.sealed'])
    await tick(tx, new Date(day + 1))
    expect(await secretsOf(tx, endpoint)).toEqual(['v1.new'])
    expect(await secretsOf(tx, untouched)).toEqual(['v1.test.iv.sealed'])
  }))
