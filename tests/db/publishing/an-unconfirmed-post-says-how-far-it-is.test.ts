import { expect, test } from 'vitest'
import { Post } from '../../../shared/posts/post.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  connectAccount,
  look,
  rescue,
  schedulePost,
  startSending,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const unconfirmed = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { latePolicy: 'publish' })
  await startSending(tx)
  await rescue(tx, at(30))
  await actFor(tx, account)
  return post
}

const read = async (tx: Tx, post: string) => {
  const { rows } = await tx.query('select public.get_post($1) as post', [post])
  const { unconfirmed } = Post.parse(rows[0].post)
  return (
    unconfirmed && {
      ...unconfirmed,
      since: new Date(unconfirmed.since),
      next_look_at: unconfirmed.next_look_at && new Date(unconfirmed.next_look_at),
      resolvable_at: new Date(unconfirmed.resolvable_at),
    }
  )
}

test('a post says since when it is unconfirmed, when X is read next and when it can be resolved', () =>
  withTx(async (tx) => {
    const post = await unconfirmed(tx)

    expect(await read(tx, post)).toEqual({
      since: at(0),
      next_look_at: at(45),
      unread: null,
      resolvable_at: at(420),
    })
  }))

test('it says why the last look told nothing, and when nobody looks any more', () =>
  withTx(async (tx) => {
    const post = await unconfirmed(tx)
    const reason = { slug: 'rate-limited', detail: 'A rate window is used up.' }
    await look(tx, at(2 * 86_400), { verdict: 'no_evidence', reason })

    expect(await read(tx, post)).toMatchObject({ next_look_at: null, unread: reason })
  }))

test('not_live is taken from the moment the post names, and not before', () =>
  withTx(async (tx) => {
    const post = await unconfirmed(tx)
    const resolvable = (await read(tx, post))?.resolvable_at as Date
    const sql = 'select private.resolve_post($1, null, null, $2)'

    const early = [post, new Date(resolvable.getTime() - 1)]
    expect(await refusalOf(tx, sql, early)).toMatchObject({ message: 'post-in-flight' })
    await tx.query(sql, [post, resolvable])

    expect(await read(tx, post)).toBeNull()
  }))
