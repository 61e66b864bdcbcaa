/** Usage: node scripts/stack/sandbox-x/main.ts --port N --data DIR */
import { parseArgs } from 'node:util'
import { startSandboxX } from './server.ts'

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, data: { type: 'string', default: '.stack' } },
})

const sandbox = await startSandboxX({ port: Number(values.port), data: values.data })
console.log(JSON.stringify({ ready: true, port: sandbox.port }))

const stop = () => sandbox.stop().then(() => process.exit(0))
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
