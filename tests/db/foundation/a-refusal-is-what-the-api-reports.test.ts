import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'
import { refusalOf } from '../../helpers/refusal.ts'

test('a refusal carries status, slug, what is wrong and what to do', () =>
  withTx(async (tx) => {
    const sql = `select private.refuse(409, 'post-in-flight', 'It is being sent.', 'Read it again.')`
    expect(await refusalOf(tx, sql)).toEqual({
      code: 'PT409',
      message: 'post-in-flight',
      detail: 'It is being sent.',
      hint: 'Read it again.',
    })
  }))
