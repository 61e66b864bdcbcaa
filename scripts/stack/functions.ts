import { existsSync } from 'node:fs'
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createPool, type Lease, type PoolOptions } from './function-pool.ts'
import { proxy } from './proxy.ts'
import { sendJson } from './send-json.ts'

export type Functions = ReturnType<typeof createFunctions>

const OVERRUN = 'Function was stopped at a limit of the platform (see the log)'
const EXITED = 'Function exited due to an error (see the log)'

/** Answers requests for functions as the platform does, its error codes included, from a pool of Deno workers. */
export const createFunctions = (o: PoolOptions) => {
  const pool = createPool(o)
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

  const leaseOr503 = (slug: string, res: ServerResponse): Promise<Lease | undefined> =>
    pool.lease(slug).catch((error: Error) => {
      o.log(`[${slug}] ${error.message}`)
      refuse(res, 503, 'BOOT_ERROR', `Worker failed to boot: ${error.message}`)
      return undefined
    })

  /** Answers a request whose path, without /functions/v1, begins with the slug. */
  const handle = async (req: IncomingMessage, res: ServerResponse, path: string) => {
    const slug = /^\/([A-Za-z][\w-]*)(?=[/?]|$)/.exec(path)?.[1]
    if (!slug || !existsSync(join(o.project, 'functions', slug, 'index.ts'))) {
      return refuse(res, 404, 'NOT_FOUND', 'Requested function was not found')
    }
    const lease = await leaseOr503(slug, res)
    if (!lease) return
    if (res.destroyed) return lease.done()
    res.once('close', lease.done)
    const target = { port: lease.worker.port, path, agent, idleMs: o.limits.idleMs }
    proxy(req, res, target, (failure) => {
      if (failure === 'idle') return refuse(res, 504, 'IDLE_TIMEOUT', 'The request timed out')
      if (lease.isOverrun()) return refuse(res, 546, 'WORKER_RESOURCE_LIMIT', OVERRUN)
      return refuse(res, 500, 'EDGE_FUNCTION_ERROR', EXITED)
    })
  }

  return {
    handle,
    /** SIGKILLs the live workers of a slug, the retiring ones too; answers how many there were. */
    kill: (slug: string) => pool.kill(slug),
    /** The next request to a slug goes to a fresh worker; the present one ends when its work is done. */
    retire: pool.retire,
    /** Has a slug's present worker told that the platform is about to end it; answers its process id. */
    announceEnd: pool.announceEnd,
    /** Live workers with the CPU each has used. */
    stats: () =>
      pool.live().map(({ slug, pid, cpuMs, startedAt }) => ({
        slug,
        pid,
        cpu_ms: cpuMs(),
        started_at: startedAt.toISOString(),
      })),
    close: async () => {
      agent.destroy()
      await pool.close()
    },
  }
}

const refuse = (res: ServerResponse, status: number, code: string, message: string) =>
  sendJson(res, status, { code, message }, { 'sb-error-code': code })
