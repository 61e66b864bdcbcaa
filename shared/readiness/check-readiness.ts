import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'

/** Figures of the service right now; lags are null when nothing waits. */
export const Readiness = z
  .object({
    cron_age_seconds: z.int().nullable().meta({ description: 'Since the tick last ended well.' }),
    is_publishing_held: z.boolean().meta({
      description: 'After a restore or a promotion, until somebody says that publishing may go on.',
    }),
    publish_lag_seconds: z.int().nullable(),
    delivery_lag_seconds: z.int().nullable(),
    leaves_end_at: z.string().nullable().meta({ description: 'Until when rows have a place.' }),
    alerts: z.array(z.object({ kind: z.string(), raised_at: z.string() })),
  })
  .meta({ id: 'Readiness' })

export type Readiness = z.infer<typeof Readiness>

/** A tick comes every 2 s and repairs a lost ring: a minute means that something is broken. */
const patienceSeconds = 60

/** What keeps the service from doing its job, as sentences. */
export const obstaclesOf = (figures: Readiness): string[] => {
  const late = (name: string, seconds: number | null) =>
    seconds !== null && seconds > patienceSeconds ? [`${name} wait for ${seconds} s.`] : []
  const { cron_age_seconds: age } = figures
  return [
    ...(age === null ? ['The tick has not run yet.'] : []),
    ...(age !== null && age > patienceSeconds ? [`The tick last ended well ${age} s ago.`] : []),
    ...(figures.is_publishing_held ? ['Publishing is held.'] : []),
    ...late('Posts', figures.publish_lag_seconds),
    ...late('Webhook deliveries', figures.delivery_lag_seconds),
  ]
}

/** Throws 503 saying what is wrong when the service does not do its job. */
export const checkReadiness = async (deps: Pick<Deps, 'service'>): Promise<Readiness> => {
  const figures = Readiness.parse(await deps.service('readiness'))
  const obstacles = obstaclesOf(figures)
  if (obstacles.length > 0) throw problems.notReady(obstacles, figures)
  return figures
}
