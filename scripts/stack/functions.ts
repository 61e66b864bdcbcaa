import { existsSync } from 'node:fs'
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { denoBinary } from './deno-binary.ts'
import { type FunctionWorker, startWorker } from './function-worker.ts'
import { proxy } from './proxy.ts'
import { sendJson } from './send-json.ts'

export type Limits = {
  /** A worker's whole life; after half of it new requests go to a fresh worker. */
  wallClockMs: number
  /** Longest wait for the first byte of a response. */
  idleMs: number
  /** A worker's CPU over all its requests; reported, and after half of it new requests go elsewhere. */
  cpuMs: number
}

/** The platform's limits on a paid plan. */
export const PLATFORM_LIMITS: Limits = {
  wallClockMs: 400_000,
  idleMs: 150_000,
  cpuMs: 2_000,
}

export type Functions = ReturnType<typeof createFunctions>

type Options = {
  /** Directory that holds deno.json and functions/<slug>/index.ts. */
  project: string
  env: Record<string, string>
  limits: Limits
  log: (line: string) => void
}

/**
 * Runs functions as the platform does (policy per_worker): one process per isolate, started by the first request,
 * serving many, replaced at half of its wall-clock life and killed at the end of it.
 */
export const createFunctions = (o: Options) => {
  const deno = denoBinary()
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const live = new Set<FunctionWorker>()
  const current = new Map<string, Promise<FunctionWorker>>()
  const overrun = new Set<FunctionWorker>()

  const boot = async (slug: string) => {
    const entry = join(o.project, 'functions', slug, 'index.ts')
    const config = join(o.project, 'deno.json')
    const worker = await startWorker({ deno, slug, entry, config, env: o.env, log: o.log })
    live.add(worker)
    const limit = setTimeout(() => {
      overrun.add(worker)
      o.log(`[${slug}] wall clock limit reached, worker ${worker.pid} killed`)
      worker.kill()
    }, o.limits.wallClockMs)
    worker.exited.then(() => {
      clearTimeout(limit)
      live.delete(worker)
    })
    return worker
  }

  const replace = (slug: string) => {
    const booting = boot(slug)
    current.set(slug, booting)
    booting.catch(() => current.get(slug) === booting && current.delete(slug))
    return booting
  }

  const workerFor = async (slug: string): Promise<FunctionWorker> => {
    const known = current.get(slug)
    if (!known) return replace(slug)
    const worker = await known
    if (worker.isRunning() && !isRetiring(worker, o.limits)) return worker
    return current.get(slug) === known ? replace(slug) : workerFor(slug)
  }

  /** Answers a request whose path, without /functions/v1, begins with the slug. */
  const handle = async (req: IncomingMessage, res: ServerResponse, path: string) => {
    const slug = /^\/([A-Za-z][\w-]*)(?=[/?]|$)/.exec(path)?.[1]
    if (!slug || !existsSync(join(o.project, 'functions', slug, 'index.ts'))) {
      return refuse(res, 404, 'NOT_FOUND', 'Requested function was not found')
    }
    const worker = await workerFor(slug).catch((error: Error) => {
      o.log(`[${slug}] ${error.message}`)
      refuse(res, 503, 'BOOT_ERROR', `Worker failed to boot: ${error.message}`)
    })
    if (!worker) return
    proxy(req, res, { port: worker.port, path, agent, idleMs: o.limits.idleMs }, (failure) => {
      if (failure === 'idle') return refuse(res, 504, 'IDLE_TIMEOUT', 'The request timed out')
      if (overrun.has(worker)) return refuse(res, 546, 'WORKER_RESOURCE_LIMIT', WALL_CLOCK)
      return refuse(
        res,
        500,
        'EDGE_FUNCTION_ERROR',
        'Function exited due to an error (see the log)',
      )
    })
  }

  const kill = async (slug?: string) => {
    const workers = [...live].filter((worker) => !slug || worker.slug === slug)
    await Promise.all(workers.map((worker) => worker.kill()))
    return workers.length
  }

  return {
    handle,
    /** SIGKILLs the live workers of a slug, the retiring ones too; answers how many there were. */
    kill: (slug: string) => kill(slug),
    /** The next request to a slug goes to a fresh worker; the present one lives on beside it. */
    retire: (slug: string) => {
      current.delete(slug)
    },
    /** Live workers with the CPU each has used. */
    stats: () =>
      [...live].map(({ slug, pid, cpuMs, startedAt }) => ({
        slug,
        pid,
        cpu_ms: cpuMs(),
        started_at: startedAt.toISOString(),
      })),
    close: async () => {
      agent.destroy()
      await Promise.allSettled(current.values())
      await kill()
    },
  }
}

const isRetiring = ({ startedAt, cpuMs }: FunctionWorker, limits: Limits) =>
  Date.now() - startedAt.getTime() >= limits.wallClockMs / 2 || cpuMs() >= limits.cpuMs / 2

const WALL_CLOCK = 'Function was stopped at its wall clock limit (see the log)'

const refuse = (res: ServerResponse, status: number, code: string, message: string) =>
  sendJson(res, status, { code, message }, { 'sb-error-code': code })
