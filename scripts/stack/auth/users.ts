import { DatabaseError } from 'pg'
import { failure } from './failure.ts'
import type { Transaction } from './transaction.ts'

/** A row of auth.users, as far as Auth reads it. */
export type UserRow = {
  id: string
  aud: string
  role: string
  email: string
  email_confirmed_at: Date | null
  confirmed_at: Date | null
  last_sign_in_at: Date | null
  raw_app_meta_data: Record<string, unknown> | null
  raw_user_meta_data: Record<string, unknown> | null
  is_anonymous: boolean
  banned_until: Date | null
  created_at: Date
  updated_at: Date
}

const COLUMNS = `id, aud, role, email, email_confirmed_at, confirmed_at, last_sign_in_at,
  raw_app_meta_data, raw_user_meta_data, is_anonymous, banned_until, created_at, updated_at`

const UNIQUE_VIOLATION = '23505'

export type NewUser = {
  email: string
  password: string | null
  userMetadata: Record<string, unknown>
  appMetadata?: Record<string, unknown>
}

/** Inserts a confirmed user; a taken address throws `taken`, a failing trigger GoTrue's 500. */
export const insertUser = async (
  tx: Transaction,
  user: NewUser,
  taken: Error,
): Promise<UserRow> => {
  const { email, password, userMetadata, appMetadata } = user
  const id = crypto.randomUUID()
  const verified = { sub: id, email, email_verified: true, phone_verified: false }
  const provider = { provider: 'email', providers: ['email'] }
  try {
    const { rows } = await tx.query<UserRow>(
      `insert into auth.users (
         instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
         raw_app_meta_data, raw_user_meta_data, created_at, updated_at
       ) values (
         '00000000-0000-0000-0000-000000000000', $1, 'authenticated', 'authenticated', $2,
         extensions.crypt($3, extensions.gen_salt('bf', 10)), now(), $4, $5, now(), now()
       ) returning ${COLUMNS}`,
      [id, email, password, { ...provider, ...appMetadata }, { ...userMetadata, ...verified }],
    )
    return rows[0] as UserRow
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    if (error.constraint === 'users_email_partial_key' && error.code === UNIQUE_VIOLATION)
      throw taken
    const message = 'Database error saving new user'
    throw Object.assign(failure(500, 'unexpected_failure', message), { cause: error })
  }
}

/** Finds a user by id. */
export const findUser = async (tx: Transaction, id: string): Promise<UserRow | undefined> => {
  const { rows } = await tx.query<UserRow>(`select ${COLUMNS} from auth.users where id = $1`, [id])
  return rows[0]
}

/** Finds the user whom an address and a password name together. */
export const authenticate = async (
  tx: Transaction,
  email: string,
  password: string,
): Promise<UserRow | undefined> => {
  const { rows } = await tx.query<UserRow>(
    `select ${COLUMNS} from auth.users
     where email = $1 and not is_sso_user
       and encrypted_password = extensions.crypt($2, encrypted_password)`,
    [email, password],
  )
  return rows[0]
}

/** Deletes a user with everything that hangs on it; false when there is none. */
export const deleteUser = async (tx: Transaction, id: string): Promise<boolean> => {
  const { rowCount } = await tx.query('delete from auth.users where id = $1', [id])
  return rowCount === 1
}

const identityOf = (row: UserRow) => ({
  identity_id: row.id,
  id: row.id,
  user_id: row.id,
  identity_data: { sub: row.id, email: row.email, email_verified: true, phone_verified: false },
  provider: 'email',
  last_sign_in_at: row.last_sign_in_at,
  created_at: row.created_at,
  updated_at: row.updated_at,
  email: row.email,
})

/** A user as the API shows it. */
export const toUser = (row: UserRow) => ({
  id: row.id,
  aud: row.aud,
  role: row.role,
  email: row.email,
  email_confirmed_at: row.email_confirmed_at,
  phone: '',
  confirmed_at: row.confirmed_at,
  last_sign_in_at: row.last_sign_in_at,
  app_metadata: row.raw_app_meta_data ?? {},
  user_metadata: row.raw_user_meta_data ?? {},
  identities: [identityOf(row)],
  created_at: row.created_at,
  updated_at: row.updated_at,
  is_anonymous: row.is_anonymous,
})
