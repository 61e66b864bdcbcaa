import type { Answered, Request, Session } from './database/session.ts'
import type { Snapshot } from './database/snapshot.ts'
import type { Plan } from './plan.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** What must never be so was so. */
export class Violation extends Error {}

/** What a step saw: the state before and after one committed call. */
export type Step = {
  call: string
  args: Record<string, unknown>
  before: Snapshot
  after: Snapshot
  nowMs: number
  /** What the call answered. */
  value: unknown
}

/** What all parts of a seed share. */
export type World = {
  seed: number
  plan: Plan
  random: Random
  scheduler: Scheduler
  trace: Trace
  session: Session
  /** Virtual time as Postgres and X know it: milliseconds since 1970. */
  time(): number
  /** False once faults are off and things are left to come right. */
  isStormy(): boolean
  state(): Snapshot
  /** Reads the state anew, after something happened behind everybody's back. */
  look(): Promise<void>
  /** Calls the database now. What it commits is checked against every invariant. */
  call(request: Omit<Request, 'now'>, commits?: boolean): Promise<Answered>
  /** Short names for long ids in the trace. */
  name(id: string): string
  fail(what: string): never
}
