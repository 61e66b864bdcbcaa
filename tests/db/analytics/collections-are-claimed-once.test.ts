import { expect, test } from 'vitest'
import { claimCollections, publishedPost } from '../../helpers/analytics.ts'
import { connect } from '../../helpers/database.ts'
import { connectAccount } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

test('never hands one account to two workers that claim at once', async () => {
  const tx = await connect()
  for (let index = 0; index < 24; index += 1) await publishedPost(tx, await connectAccount(tx))

  const claims = await race(6, (client) => claimCollections(client, { limit: 7 }))

  const accounts = claims.flatMap((claim) =>
    claim.status === 'fulfilled' ? claim.value.accounts.map((one) => one.account_id) : [],
  )
  const rest = await claimCollections(tx, { limit: 500 })
  expect(new Set(accounts).size).toBe(accounts.length)
  expect(accounts.length + rest.accounts.length).toBe(24)
})
