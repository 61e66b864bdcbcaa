import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { denoBinary } from './deno-binary.ts'
import { enforceLimits, type Limited } from './enforce-limits.ts'
import { type FunctionWorker, startWorker } from './function-worker.ts'
import type { Limits } from './limits.ts'

/** A worker's turn for one request: `done` when the response has ended, `isOverrun` once a limit killed it. */
export type Lease = { worker: FunctionWorker; done: () => void; isOverrun: () => boolean }

// A worker says "busy" on another channel than its response; the word gets this long to arrive.
const GRACE_MS = 250

type Entry = { worker: FunctionWorker; requests: number; limited: Limited }

export type PoolOptions = {
  /** Directory that holds deno.json and functions/<slug>/index.ts. */
  project: string
  env: Record<string, string>
  limits: Limits
  log: (line: string) => void
}

/**
 * Workers of all slugs under the platform's per_worker policy: one isolate serves many requests; after half of a limit
 * it gets no new ones and ends when its requests and background work are done, or is killed at the full limit.
 */
export const createPool = (o: PoolOptions) => {
  const deno = denoBinary()
  const live = new Set<Entry>()
  const current = new Map<string, Promise<Entry>>()

  const boot = async (slug: string): Promise<Entry> => {
    const paths = {
      entry: join(o.project, 'functions', slug, 'index.ts'),
      config: join(o.project, 'deno.json'),
    }
    const onIdle = () => dropRetired()
    const worker = await startWorker({ deno, slug, ...paths, env: o.env, log: o.log, onIdle })
    const entry: Entry = { worker, requests: 0, limited: enforceLimits(worker, o) }
    live.add(entry)
    worker.exited.then(() => live.delete(entry))
    return entry
  }

  const replace = (slug: string) => {
    const booting = boot(slug)
    current.set(slug, booting)
    booting.then(dropRetired, () => current.get(slug) === booting && current.delete(slug))
    return booting
  }

  const entryFor = async (slug: string): Promise<Entry> => {
    const known = current.get(slug)
    if (!known) return replace(slug)
    const entry = await known
    if (entry.worker.isRunning() && !isRetiring(entry.worker, o.limits)) return entry
    return current.get(slug) === known ? replace(slug) : entryFor(slug)
  }

  const dropRetired = async () => {
    await sleep(GRACE_MS, undefined, { ref: false })
    const kept = await Promise.allSettled(current.values())
    const inUse = new Set(kept.map((result) => result.status === 'fulfilled' && result.value))
    for (const entry of live) {
      const isDone = entry.requests === 0 && !entry.worker.isBusy()
      if (isDone && !inUse.has(entry)) entry.worker.kill()
    }
  }

  const retire = (slug: string) => {
    current.delete(slug)
    dropRetired()
  }

  const kill = async (slug?: string) => {
    const workers = [...live].map(({ worker }) => worker)
    const chosen = workers.filter((worker) => slug === undefined || worker.slug === slug)
    await Promise.all(chosen.map((worker) => worker.kill()))
    return chosen.length
  }

  return {
    /** The worker for a slug's next request; throws a BootError when it cannot start. */
    lease: async (slug: string): Promise<Lease> => {
      const entry = await entryFor(slug)
      entry.requests += 1
      const done = () => {
        entry.requests -= 1
        dropRetired()
      }
      return { worker: entry.worker, done, isOverrun: entry.limited.isOverrun }
    },
    retire,
    /** As if the CPU of a slug's present worker were nearly spent; answers its process id. */
    announceEnd: async (slug: string): Promise<number | undefined> => {
      const entry = await current.get(slug)
      if (!entry) return undefined
      retire(slug)
      entry.limited.announce('cpu')
      return entry.worker.pid
    },
    live: () => [...live].map(({ worker }) => worker),
    kill,
    close: async () => {
      await Promise.allSettled(current.values())
      await kill()
    },
  }
}

const isRetiring = ({ startedAt, cpuMs }: FunctionWorker, limits: Limits) =>
  Date.now() - startedAt.getTime() >= limits.wallClockMs / 2 || cpuMs() >= limits.cpuMs / 2
