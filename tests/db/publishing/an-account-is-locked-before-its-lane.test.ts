import { expect, test } from 'vitest'
import { connect } from '../../helpers/database.ts'
import {
  connectAccount,
  readPost,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'

const suspended = { slug: 'account-suspended', detail: 'x', who: 'account', remedy: 'y' }

test('what X says of an account while somebody changes it holds up no settle, and is kept for later', async () => {
  const [worker, person] = [await connect(), await connect()]
  const account = await connectAccount(worker)
  const post = await schedulePost(worker, account, { latePolicy: 'publish' })
  const { claimId, attempts } = await startSending(worker)
  const attempt = attempts.find(({ post_id }) => post_id === post)
  if (!attempt) throw new Error('the post was due')

  await person.query('begin')
  await person.query('select from public.accounts where id = $1 for no key update', [account.id])
  await worker.query(`set statement_timeout = '3s'`)
  await settle(worker, claimId, [resultFor(attempt, 'retry', { error: suspended })], {
    release: [account.id],
  })
  await person.query('rollback')

  expect((await readPost(worker, post)).status).toBe('scheduled')
  const { rows } = await worker.query('select status from public.accounts where id = $1', [
    account.id,
  ])
  expect(rows).toEqual([{ status: 'active' }])
})
