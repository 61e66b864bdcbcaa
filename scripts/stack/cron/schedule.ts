import { Cron } from 'croner'

const SECONDS = /^\s*(\d+)\s+seconds?\s*$/i

/**
 * When a job with this pg_cron schedule runs next after `after`: five cron fields in UTC (`$` is the
 * last day of the month), a nickname such as `@daily`, or `N seconds`. Null when it never does.
 */
export function nextRun(schedule: string, after: Date): Date | null {
  const seconds = SECONDS.exec(schedule)?.[1]
  if (seconds) return new Date(after.getTime() + Number(seconds) * 1000)

  const fields = schedule.trim().split(/\s+/)
  if (fields[2] === '$') fields[2] = 'L'
  return new Cron(fields.join(' '), { timezone: 'UTC', paused: true }).nextRun(after)
}
