import type { Deps } from '../deps.ts'

/** A worker that says nothing for 6 s is taken for dead, and its attempts are made again. */
const BEAT_MS = 1_500

/** Says that a worker lives, from `begin` to `end`. Beginning twice is beginning once. */
export type Pulse = { begin(): void; end(): void }

export const createPulse = (
  deps: Pick<Deps, 'every' | 'service' | 'log'>,
  workerId: string,
): Pulse => {
  let stop: (() => void) | null = null
  const beat = () => {
    deps.service('keep_delivery_worker', { p_worker_id: workerId }).catch((error: unknown) => {
      deps.log({ level: 'error', message: 'beat failed', error: String(error) })
    })
  }
  return {
    begin: () => {
      stop ??= deps.every(BEAT_MS, beat)
    },
    end: () => {
      stop?.()
      stop = null
    },
  }
}
