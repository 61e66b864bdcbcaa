import type { Rpc } from '../../shared/db/rpc.ts'
import type { Tx } from './database.ts'

const parameter = (value: unknown): unknown => {
  const isJson =
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date) &&
    !(Array.isArray(value) && value.every((item) => typeof item === 'string'))
  return isJson ? JSON.stringify(value) : value
}

/** Calls functions of schema `service` in the transaction, as PostgREST does with named arguments. */
export const sqlService =
  (tx: Tx, extra: (fn: string) => Record<string, unknown> = () => ({})): Rpc =>
  async <T>(fn: string, args: Record<string, unknown> = {}) => {
    const all = Object.entries({ ...args, ...extra(fn) })
    const names = all.map(([name], index) => `${name} => $${index + 1}`).join(', ')
    const { rows } = await tx.query<{ value: T }>(
      `select service.${fn}(${names}) as value`,
      all.map(([, value]) => parameter(value)),
    )
    return rows[0]?.value as T
  }
