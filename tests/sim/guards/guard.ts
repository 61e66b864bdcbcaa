import type { Plan } from '../plan.ts'
import type { Tampering } from '../run-seed.ts'

/** One guard of the product, how to take it out, and what the simulation then has to see. */
export type Guard = {
  name: string
  tampering: Tampering
  sees: RegExp
  /** What makes it likely that the guard is needed. */
  change?: (plan: Plan) => Plan
}

export const sql = (...statements: string[]): Tampering => ({ sql: statements })
