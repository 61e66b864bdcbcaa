import { fault } from './fault.ts'
import { applyPlatform } from './platform/apply.ts'

/**
 * Gives a database what hosted Supabase provides before our first migration: roles, the schemas extensions, auth and
 * realtime, and stand-ins for extensions it lacks. Running it again changes nothing.
 * `adminUrl` logs in as the superuser `supabase_admin`, to the database to prepare.
 */
export const bootstrapDatabase = async (adminUrl: string) => {
  try {
    await applyPlatform(adminUrl)
  } catch (cause) {
    throw fault(
      `The platform could not be prepared: ${cause instanceof Error ? cause.message : cause}`,
      'Begin with an empty database: npm start -- --fresh',
      cause,
    )
  }
}
