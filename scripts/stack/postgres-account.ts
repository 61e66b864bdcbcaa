import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fault } from './fault.ts'

type Ids = { uid: number; gid: number }
type Command = { file: string; args: string[]; options: Partial<Ids> }

/** Whom Postgres runs as (undefined: as ourselves), and how a command is started as that account. */
export type Account = {
  ids: Ids | undefined
  command: (file: string, args: string[]) => Command
}

/**
 * Postgres refuses to run as root, so root hands it to an unprivileged account: the owner of an existing cluster,
 * the user behind sudo, `postgres`, or `nobody`. Where that account may not enter a parent directory (/root is
 * closed), Postgres is given the one capability to look through closed directories.
 */
export const chooseAccount = (dataDir: string, binary: string): Account => {
  if (process.getuid?.() !== 0) {
    refuseForeignCluster(dataDir)
    return { ids: undefined, command: (file, args) => ({ file, args, options: {} }) }
  }
  const ids =
    existingOwner(dataDir) ?? sudoUser() ?? namedAccount('postgres') ?? namedAccount('nobody')
  if (!ids) {
    throw fault(
      'Postgres refuses to run as root, and this machine has neither an account `postgres` nor `nobody`.',
      'Run as a normal user, or create one: useradd --system postgres',
    )
  }
  const closed = closedParent(binary, ids) ?? closedParent(dataDir, ids)
  if (closed) return { ids, command: throughClosed(ids, closed) }
  return { ids, command: (file, args) => ({ file, args, options: ids }) }
}

// access(2) drops capabilities on a change of user unless no_setuid_fixup is set, and Postgres finds itself with access(2).
const throughClosed = (ids: Ids, closed: string) => {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path))
  const capability = heldCapability()
  if (!setpriv || !capability) {
    throw fault(
      `Postgres refuses to run as root, and the account it runs as (uid ${ids.uid}) may not enter ${closed}.`,
      `Open the directory (chmod o+x ${closed}), move the project elsewhere (for example /srv), or run as a normal user.`,
    )
  }
  const drop = [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups']
  const keep = [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`]
  return (file: string, args: string[]) => ({
    file: setpriv,
    args: [...drop, '--securebits=+no_setuid_fixup', ...keep, '--', file, ...args],
    options: {},
  })
}

const refuseForeignCluster = (dataDir: string) => {
  const owner = existsSync(dataDir) ? statSync(dataDir).uid : process.getuid?.()
  if (owner === process.getuid?.()) return
  throw fault(
    `${dataDir} belongs to another account (uid ${owner}): it was first started by root or another user.`,
    'Start it as that user, or begin anew elsewhere: npm start -- --data .stack-mine',
  )
}

const existingOwner = (dataDir: string): Ids | undefined => {
  const file = join(dataDir, 'PG_VERSION')
  if (!existsSync(file)) return undefined
  const { uid, gid } = statSync(file)
  return uid === 0 ? undefined : { uid, gid }
}

const sudoUser = (): Ids | undefined => {
  const uid = Number(process.env.SUDO_UID)
  const gid = Number(process.env.SUDO_GID)
  return uid > 0 && gid > 0 ? { uid, gid } : undefined
}

const namedAccount = (name: string): Ids | undefined => {
  const passwd = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : ''
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
  const uid = Number(fields?.[2])
  const gid = Number(fields?.[3])
  return uid > 0 && gid > 0 ? { uid, gid } : undefined
}

/** The nearest parent directory the account may not enter, if there is one. */
const closedParent = (path: string, ids: Ids): string | undefined => {
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    if (existsSync(parent) && !mayEnter(parent, ids)) return parent
    if (parent === dirname(parent)) return undefined
  }
}

const mayEnter = (directory: string, ids: Ids) => {
  const { mode, uid, gid } = statSync(directory)
  if (uid === ids.uid) return (mode & 0o100) !== 0
  if (gid === ids.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

// Bits 1 and 2 of the bounding set; containers often keep the first alone.
const heldCapability = () => {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : ''
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  if (bounding & 4n) return 'dac_read_search'
  return bounding & 2n ? 'dac_override' : undefined
}
