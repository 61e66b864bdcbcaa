import { createHash } from 'node:crypto'

/** What happened, a line each. Two plays of a seed write the same. */
export type Trace = {
  add(nowMs: number, who: string, what: string): void
  lines(): string[]
  hash(): string
}

const stamp = (nowMs: number): string => `+${(nowMs / 1000).toFixed(6).padStart(12)}`

export const createTrace = (): Trace => {
  const lines: string[] = []
  return {
    add: (nowMs, who, what) => lines.push(`${stamp(nowMs)}  ${who.padEnd(8)} ${what}`),
    lines: () => lines,
    hash: () => createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16),
  }
}
