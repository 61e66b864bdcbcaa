import type { User } from './state.ts'

export const faultKinds = [
  'latency',
  'hang',
  'hang_after',
  'reset_before',
  'reset_after',
  'late_accept',
  'accept_later',
  'answer',
  '401',
  '402',
  '403',
  'duplicate_403',
  '429',
  '500_before',
  '500_after',
  '503',
] as const

export type FaultKind = (typeof faultKinds)[number]

export type FaultSpec = {
  match: {
    username?: string
    user_id?: string
    method?: string
    /** A whole path; a last `*` matches any rest. */
    path?: string
    text_contains?: string
  }
  kind: FaultKind
  /** How many calls it befalls; until deleted when absent. */
  times?: number
  /** How many matching calls it lets pass first. */
  after?: number
  /** latency and late_accept: the delay; accept_later: the delay on the sandbox's clock; 429: time to the reset; hang and hang_after: when to drop the connection. */
  ms?: number
  /** answer: what the client gets; a text goes as it is, anything else as JSON. */
  status?: number
  body?: unknown
}

export type Fault = FaultSpec & { id: string; matched: number; applied: number }

export type Target = { method: string; path: string; body: string; user: () => User | null }

export type Faults = {
  none(): boolean
  list(): Fault[]
  add(spec: FaultSpec): Fault
  remove(id: string): boolean
  clear(): void
  /** Has something done once the sandbox's clock has reached `at`. */
  postpone(at: number, run: () => void): void
  /** Does what is due by now. */
  runDue(now: number): void
  /** The delay of all latencies that match, and the first other fault that does. */
  take(target: Target): { delay: number; fault: Fault | null }
}

const matchesPath = (pattern: string, path: string) =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern

const textOf = (body: string): string => {
  try {
    const text = (JSON.parse(body) as { text?: unknown }).text
    return typeof text === 'string' ? text : body
  } catch {
    return body
  }
}

const matches = ({ match }: Fault, target: Target): boolean => {
  if (match.method && match.method.toUpperCase() !== target.method) return false
  if (match.path && !matchesPath(match.path, target.path)) return false
  if (match.text_contains && !textOf(target.body).includes(match.text_contains)) return false
  const user = match.username || match.user_id ? target.user() : null
  if (match.username && user?.username.toLowerCase() !== match.username.toLowerCase()) return false
  return !match.user_id || user?.id === match.user_id
}

/** Whether it is this fault's turn: `after` calls pass first, then `times` calls are hit. */
const isDue = (fault: Fault): boolean => {
  fault.matched += 1
  if (fault.matched <= (fault.after ?? 0)) return false
  if (fault.applied >= (fault.times ?? Number.POSITIVE_INFINITY)) return false
  fault.applied += 1
  return true
}

/** Faults on demand, tried in the order they were added; a call meets at most one besides latency. */
export const createFaults = (): Faults => {
  let faults: Fault[] = []
  let postponed: { at: number; run: () => void }[] = []
  let count = 0
  return {
    none: () => faults.length === 0,
    list: () => faults,
    add: (spec) => {
      count += 1
      const fault = { ...spec, id: `fault_${count}`, matched: 0, applied: 0 }
      faults.push(fault)
      return fault
    },
    remove: (id) => {
      const before = faults.length
      faults = faults.filter((fault) => fault.id !== id)
      return faults.length < before
    },
    clear: () => {
      faults = []
    },
    postpone: (at, run) => void postponed.push({ at, run }),
    runDue: (now) => {
      const due = postponed.filter(({ at }) => at <= now)
      if (due.length === 0) return
      postponed = postponed.filter(({ at }) => at > now)
      for (const { run } of due) run()
    },
    take: (target) => {
      let delay = 0
      let hit: Fault | null = null
      for (const fault of faults) {
        if (hit && fault.kind !== 'latency') continue
        if (!matches(fault, target) || !isDue(fault)) continue
        if (fault.kind === 'latency') delay += fault.ms ?? 0
        else hit = fault
      }
      return { delay, fault: hit }
    },
  }
}
