import { expect, test } from 'vitest'
import { asUser, signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const ROLES = ['viewer', 'editor', 'admin', 'owner']

const asMember = async (tx: Tx, role: string) => {
  const [{ workspaceId }, member] = [await signUp(tx), await signUp(tx)]
  await tx.query('insert into public.workspace_members values ($1, $2, $3)', [
    workspaceId,
    member.id,
    role,
  ])
  await asUser(tx, member.id)
  return workspaceId
}

const pairs = ROLES.flatMap((has, rank) =>
  ROLES.map((needs, needed) => ({ has, needs, isEnough: rank >= needed })),
)

test.each(pairs)('$has where $needs is needed: enough is $isEnough', ({ has, needs, isEnough }) =>
  withTx(async (tx) => {
    const require = [await asMember(tx, has), needs]
    const sql = 'select private.require_role($1, $2)'
    if (isEnough) await tx.query(sql, require)
    else {
      expect(await refusalOf(tx, sql, require)).toMatchObject({
        code: 'PT403',
        message: 'role-required',
      })
    }
  }),
)

test('a role nobody can have is never enough', () =>
  withTx(async (tx) => {
    const workspace = await asMember(tx, 'owner')
    const sql = `select private.require_role($1, 'editer')`
    expect(await refusalOf(tx, sql, [workspace])).toMatchObject({ code: 'PT403' })
  }))

test('no workspace, a foreign one and one that never was are the same 404', () =>
  withTx(async (tx) => {
    const foreign = (await signUp(tx)).workspaceId
    await asUser(tx, (await signUp(tx)).id)
    const answers = []
    for (const workspace of [null, foreign, '00000000-0000-0000-0000-000000000000']) {
      answers.push(await refusalOf(tx, `select private.require_role($1, 'viewer')`, [workspace]))
    }
    expect(answers[0]).toMatchObject({ code: 'PT404', message: 'not-found' })
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  }))
