import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { asUser, signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { count } from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const addAuthUser = `insert into auth.users (id, email, created_at, updated_at)
  values ($1, $2, now(), now())`

const profileOf = async (tx: Tx, id: string) =>
  (
    await tx.query('select email, subscription_tier, settings from public.users where id = $1', [
      id,
    ])
  ).rows[0]

test('a new user has a profile, a personal workspace, and owns it', () =>
  withTx(async (tx) => {
    const { id, email } = await signUp(tx)

    expect(await profileOf(tx, id)).toEqual({ email, subscription_tier: 'free', settings: {} })
    const { rows } = await tx.query(
      `select workspaces.name, workspaces.is_personal, members.role
       from public.workspaces join public.workspace_members as members on members.workspace_id = workspaces.id
       where members.user_id = $1 and workspaces.owner_id = $1`,
      [id],
    )
    expect(rows).toEqual([{ name: 'Personal', is_personal: true, role: 'owner' }])
  }))

test('all of it is there, or nothing is', () =>
  withTx(async (tx) => {
    const { id, email } = await signUp(tx)
    // The address was changed here alone, and somebody else signs up with it.
    await tx.query('update public.users set email = $2 where id = $1', [id, `other-${email}`])
    const newcomer = randomUUID()

    const refusal = await refusalOf(tx, addAuthUser, [newcomer, `other-${email}`])

    expect(refusal.code).toBe('23505')
    expect(await count(tx, 'auth.users where id = $1', [newcomer])).toBe(0)
    expect(await count(tx, 'public.users where id = $1', [newcomer])).toBe(0)
    expect(await count(tx, 'public.workspaces where owner_id = $1', [newcomer])).toBe(0)
  }))

test.each([null, ''])('a user without an address (%j) gets one that cannot exist', (email) =>
  withTx(async (tx) => {
    const id = randomUUID()
    await tx.query(addAuthUser, [id, email])
    expect(await profileOf(tx, id)).toMatchObject({ email: `${id}@users.invalid` })
  }),
)

test('a changed address is followed', () =>
  withTx(async (tx) => {
    const { id } = await signUp(tx)
    await tx.query('update auth.users set email = $2 where id = $1', [id, 'new@example.com'])
    expect(await profileOf(tx, id)).toMatchObject({ email: 'new@example.com' })

    await tx.query('update auth.users set email = null where id = $1', [id])
    expect(await profileOf(tx, id)).toMatchObject({ email: `${id}@users.invalid` })
  }))

test('a deleted user leaves no profile, no workspace and no membership', () =>
  withTx(async (tx) => {
    const { id, workspaceId } = await signUp(tx)
    await tx.query('delete from auth.users where id = $1', [id])

    expect(await count(tx, 'public.users where id = $1', [id])).toBe(0)
    expect(await count(tx, 'public.workspaces where id = $1', [workspaceId])).toBe(0)
    expect(await count(tx, 'public.workspace_members where user_id = $1', [id])).toBe(0)
  }))

test('a person has one personal workspace at most', () =>
  withTx(async (tx) => {
    const { id } = await signUp(tx)
    const again = `insert into public.workspaces (owner_id, name, is_personal) values ($1, 'Two', true)`
    expect((await refusalOf(tx, again, [id])).code).toBe('23505')
  }))

test('a person sees their own profile, and colleagues only as members', () =>
  withTx(async (tx) => {
    const [owner, colleague] = [await signUp(tx), await signUp(tx)]
    await tx.query(`insert into public.workspace_members values ($1, $2, 'viewer')`, [
      owner.workspaceId,
      colleague.id,
    ])
    await asUser(tx, owner.id)

    expect(await count(tx, 'public.users')).toBe(1)
    expect(await count(tx, 'public.workspace_members')).toBe(2)
  }))
