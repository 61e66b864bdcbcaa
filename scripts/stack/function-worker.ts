import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { startChild } from './child.ts'
import { mainThreadMs } from './cpu-time.ts'
import { poll } from './poll.ts'

const EDGE_RUNTIME = join(import.meta.dirname, 'edge-runtime.ts')
const BOOT_TIMEOUT_MS = 10_000

export type FunctionWorker = Awaited<ReturnType<typeof startWorker>>

/** Thrown when a worker ends before it listens; the message is what it printed. */
export const bootError = (output: string) =>
  Object.assign(new Error(output.trim() || 'The worker ended before it listened.'), {
    name: 'BootError',
  })

/**
 * Starts one isolate: a Deno process serving the default export of `entry` on a free port of 127.0.0.1. It may use
 * the network and its environment, and nothing else: no files, no child processes.
 */
export const startWorker = async (o: {
  deno: string
  slug: string
  entry: string
  config: string
  env: Record<string, string>
  log: (line: string) => void
  /** Called whenever the last background work has ended. */
  onIdle: () => void
}) => {
  const child = await startChild(o.deno, flags(o), {
    env: o.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // It may have ended before it is told that it will.
  child.stdin?.on('error', () => {})
  const startedAt = new Date()
  const printed: string[] = []
  let port: number | undefined
  let isBusy = false
  const onLine = (line: string) => {
    const background = /^\0edge-runtime (busy|idle)$/.exec(line)?.[1]
    if (background) {
      isBusy = background === 'busy'
      if (!isBusy) o.onIdle()
      return
    }
    const listening = port === undefined && /Listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)
    if (listening) port = Number(listening[1])
    else if (port === undefined) printed.push(line)
    else o.log(`[${o.slug}] ${line}`)
  }
  const ends = [child.stdout, child.stderr].map((stream) => eachLine(stream as Readable, onLine))
  await poll(() => port !== undefined || !child.isRunning(), {
    timeoutMs: BOOT_TIMEOUT_MS,
    everyMs: 2,
  })
  if (port === undefined) {
    await child.end(['SIGKILL'], 1000)
    await Promise.all(ends)
    throw bootError(printed.join('\n'))
  }
  for (const line of printed) o.log(`[${o.slug}] ${line}`)
  return {
    slug: o.slug,
    pid: child.pid,
    port,
    startedAt,
    isRunning: child.isRunning,
    /** Whether background work (EdgeRuntime.waitUntil) goes on. */
    isBusy: () => isBusy,
    exited: child.exited,
    cpuMs: () => mainThreadMs(child.pid),
    /** Dispatches `beforeunload` in it: the limit of that name will soon end it. */
    announceEnd: (reason: 'cpu' | 'wall_clock') => child.stdin?.write(`${reason}\n`),
    kill: () => child.end(['SIGKILL'], 5000),
  }
}

const flags = (o: { entry: string; config: string }) => [
  ...['serve', '--no-prompt', '--no-remote', '--no-lock', '--no-check'],
  ...['--config', o.config, '--allow-net', '--allow-env'],
  ...['--v8-flags=--max-old-space-size=256', '--host', '127.0.0.1', '--port', '0', main(o.entry)],
]

// The function's module behind the platform's globals, without a file of our own in between.
const main = (entry: string) => {
  const [runtime, module] = [EDGE_RUNTIME, entry].map((file) => JSON.stringify(pathToFileURL(file)))
  return `data:text/javascript,${encodeURIComponent(`import ${runtime}\nexport { default } from ${module}`)}`
}

const eachLine = (stream: Readable, onLine: (line: string) => void) =>
  new Promise<void>((resolve) => {
    createInterface({ input: stream }).on('line', onLine).once('close', resolve)
  })
