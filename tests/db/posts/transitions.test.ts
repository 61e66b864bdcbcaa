import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { companionsOf, postIn, STATUSES, type Status } from '../../helpers/posts.ts'
import { connectAccount } from '../../helpers/publishing.ts'

/** As the design has them; also, what failed or was missed can be canceled, and a post can fail early. */
const LEGAL: Record<Status, Status[]> = {
  draft: ['pending_approval', 'scheduled', 'canceled'],
  pending_approval: ['draft', 'scheduled', 'canceled'],
  scheduled: ['draft', 'publishing', 'held', 'missed', 'failed', 'canceled'],
  held: ['scheduled', 'missed', 'canceled'],
  missed: ['scheduled', 'canceled'],
  canceled: [],
  publishing: ['published', 'failed', 'unconfirmed', 'partially_published', 'scheduled'],
  published: [],
  failed: ['scheduled', 'canceled'],
  unconfirmed: ['published', 'partially_published', 'scheduled', 'failed'],
  partially_published: ['publishing', 'published'],
}

const legalPairs = Object.entries(LEGAL).flatMap(([from, tos]) =>
  tos.map((to) => `${from} → ${to}`),
)

test('the table of transitions is this one', () =>
  withTx(async (tx) => {
    const { rows } = await tx.query<{ pair: string }>(
      `select from_status || ' → ' || to_status as pair from private.post_transitions`,
    )
    expect(rows.map(({ pair }) => pair).sort()).toEqual([...legalPairs].sort())
  }))

test.each(STATUSES)('a %s post can become what it may, and nothing else', (from) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const reached: Status[] = []
    for (const to of STATUSES.filter((status) => status !== from)) {
      const post = await postIn(tx, from, account)
      const { scheduled_at, published_at, held_reason, failure } = companionsOf(to)
      await tx.query('savepoint change')
      try {
        await tx.query(
          `update public.posts
           set status = $2, scheduled_at = $3, published_at = $4, held_reason = $5, failure = $6
           where id = $1`,
          [post, to, scheduled_at, published_at, held_reason, failure],
        )
        reached.push(to)
      } catch (error) {
        expect(error).toMatchObject({
          code: 'PT409',
          message: 'illegal-transition',
          detail: `A ${from} post cannot become ${to}.`,
        })
      }
      await tx.query('rollback to savepoint change')
    }
    expect(reached.sort()).toEqual([...LEGAL[from]].sort())
  }),
)

test('a status nobody knows is refused', () =>
  withTx(async (tx) => {
    const post = await postIn(tx, 'draft', await connectAccount(tx))
    const change = tx.query(`update public.posts set status = 'sent' where id = $1`, [post])
    await expect(change).rejects.toMatchObject({ code: 'PT409' })
  }))

test.each([
  ['a due post has a time', `status = 'scheduled', scheduled_at = null`, 'posts_due_has_time'],
  [
    'a published post says when',
    `status = 'published', published_at = null`,
    'posts_published_has_time',
  ],
  [
    'a failed post was not published',
    `status = 'failed', failure = '{}', published_at = now()`,
    'posts_unpublished_has_no_time',
  ],
  ['a failed post says why', `status = 'failed', failure = null`, 'posts_failed_has_failure'],
])('%s', (_, change, constraint) =>
  withTx(async (tx) => {
    const from = change.includes('scheduled_at = null') ? 'draft' : 'publishing'
    const post = await postIn(tx, from, await connectAccount(tx))
    const update = tx.query(`update public.posts set ${change} where id = $1`, [post])
    await expect(update).rejects.toMatchObject({ code: '23514', constraint })
  }),
)
