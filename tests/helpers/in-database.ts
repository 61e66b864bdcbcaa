/** The same server and login, another database. */
export function inDatabase(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

/** The same server and database, another role. Every role of a test server has the same password. */
export function asRole(url: string, role: string): string {
  const other = new URL(url)
  other.username = role
  return other.href
}
