// Plain JavaScript, loaded before any TypeScript: an older Node could not even read the message otherwise.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`\n✗ MyPosts needs Node 22.18 or newer, this is ${process.versions.node}.`)
  console.error('  → npm ci installs Node 24 for the project itself; then use npm start.\n')
  process.exit(1)
}
