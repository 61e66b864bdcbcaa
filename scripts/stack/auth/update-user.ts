import { DatabaseError } from 'pg'
import { failure } from './failure.ts'
import type { Transaction } from './transaction.ts'
import { findUser, type UserRow } from './users.ts'

export type UserChange = {
  email?: string | undefined
  password?: string | undefined
  data?: Record<string, unknown> | undefined
}

const emailExists = () =>
  failure(422, 'email_exists', 'A user with this email address has already been registered')

const setPassword = async (tx: Transaction, id: string, password: string) => {
  const { rows } = await tx.query<{ same: boolean | null }>(
    `select encrypted_password = extensions.crypt($2, encrypted_password) as same
     from auth.users where id = $1 for update`,
    [id, password],
  )
  if (rows[0]?.same) {
    const message = 'New password should be different from the old password.'
    throw failure(422, 'same_password', message)
  }
  await tx.query(
    `update auth.users
     set encrypted_password = extensions.crypt($2, extensions.gen_salt('bf', 10)), updated_at = now()
     where id = $1`,
    [id, password],
  )
}

const setEmail = async (tx: Transaction, id: string, email: string) => {
  try {
    await tx.query(
      `update auth.users
       set email = $2, email_confirmed_at = now(), updated_at = now(),
         raw_user_meta_data = raw_user_meta_data || jsonb_build_object('email', $2::text)
       where id = $1 and email is distinct from $2`,
      [id, email],
    )
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '23505') throw emailExists()
    throw error
  }
}

const mergeMetadata = async (tx: Transaction, id: string, data: Record<string, unknown>) => {
  const removed = Object.keys(data).filter((key) => data[key] === null)
  await tx.query(
    `update auth.users
     set raw_user_meta_data = (coalesce(raw_user_meta_data, '{}') || $2::jsonb) - $3::text[],
       updated_at = now()
     where id = $1`,
    [id, data, removed],
  )
}

/**
 * Changes what is given. A new address counts as confirmed at once (nothing here sends mail), a new
 * password ends every other session, metadata is merged and its nulls removed.
 */
export const updateUser = async (
  tx: Transaction,
  id: string,
  sessionId: string | null,
  change: UserChange,
): Promise<UserRow> => {
  if (change.password !== undefined) {
    await setPassword(tx, id, change.password)
    await tx.query('delete from auth.sessions where user_id = $1 and id is distinct from $2', [
      id,
      sessionId,
    ])
  }
  if (change.email !== undefined) await setEmail(tx, id, change.email)
  if (change.data !== undefined) await mergeMetadata(tx, id, change.data)
  return (await findUser(tx, id)) as UserRow
}
