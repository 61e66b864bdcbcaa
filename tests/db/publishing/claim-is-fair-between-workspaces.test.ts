import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { at, claimJobs, connectAccount, schedulePost } from '../../helpers/publishing.ts'

test('is fair: a workspace with many ready accounts does not push others out', () =>
  withTx(async (tx) => {
    const big = await connectAccount(tx)
    await schedulePost(tx, big, { due: at(-2) })
    for (let index = 0; index < 15; index += 1) {
      await schedulePost(tx, await connectAccount(tx, big.person), { due: at(-2) })
    }
    const small = await connectAccount(tx)
    await schedulePost(tx, small, { due: at(-1) })

    const claim = await claimJobs(tx, { lanes: 8 })

    expect(claim.lanes.map((lane) => lane.account_id)).toContain(small.id)
  }))
