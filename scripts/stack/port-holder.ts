import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { commandOf } from './process-identity.ts'

/** Who listens on a TCP port, as `name (process id)`; undefined when it cannot be found out. */
export const portHolder = (port: number) => fromProc(port) ?? fromLsof(port)

const fromLsof = (port: number) => {
  const args = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']
  const text = attempt(() =>
    execFileSync('lsof', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )
  const [, pid, name] = /^p(\d+)\nc(.+)$/m.exec(text ?? '') ?? []
  return pid && `${name} (process ${pid})`
}

const fromProc = (port: number) => {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeners(file, port)),
  )
  if (inodes.size === 0) return undefined
  for (const pid of attempt(() => readdirSync('/proc')) ?? []) {
    if (/^\d+$/.test(pid) && holdsSocket(pid, inodes)) {
      const program = basename(commandOf(Number(pid)).split(' ')[0] ?? '')
      return `${program || 'a program'} (process ${pid})`
    }
  }
  return undefined
}

const LISTEN = '0A'

const listeners = (file: string, port: number) => {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const rows = (attempt(() => readFileSync(file, 'utf8')) ?? '').split('\n').slice(1)
  return rows.flatMap((row) => {
    const fields = row.trim().split(/\s+/)
    const isOurs = fields[1]?.endsWith(`:${wanted}`) && fields[3] === LISTEN
    return isOurs && fields[9] ? [fields[9]] : []
  })
}

const holdsSocket = (pid: string, inodes: Set<string>) => {
  const handles = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []
  return handles.some((handle) => {
    const link = attempt(() => readlinkSync(`/proc/${pid}/fd/${handle}`))
    const inode = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1]
    return inode !== undefined && inodes.has(inode)
  })
}

const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}
