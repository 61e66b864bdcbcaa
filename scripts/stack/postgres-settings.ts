/** How the cluster is initialised; the builtin locale makes sorting the same on every machine. */
export const INITDB_FLAGS = [
  '--username=supabase_admin',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
]

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  wal_level: 'logical',
  max_slot_wal_keep_size: '512MB',
  shared_preload_libraries: 'pg_stat_statements',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}

// For clusters that are thrown away after a test run: a crash of the machine may lose them.
// Their data directory holds a socket, too: a round trip through it costs 2/5 of one through TCP.
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  unix_socket_directories: '.',
}

/** Command line flags of the server. */
export const serverFlags = (port: number, fast: boolean) =>
  Object.entries({ ...SETTINGS, ...(fast ? FAST : {}), port: String(port) }).flatMap(
    ([name, value]) => ['-c', `${name}=${value}`],
  )
