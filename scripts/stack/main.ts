/** Usage: npm start -- [--port N] [--data DIR] [--fresh] [--no-demo] [--verbose] [--help] */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runDemo } from './demo/demo.ts'
import { type Receiver, startReceiver } from './demo/receiver.ts'
import { readDemo } from './demo/record.ts'
import { isFault } from './fault.ts'
import { ownSettings } from './functions-env.ts'
import { HELP, parseOptions, type StartOptions } from './options.ts'
import { type Stack, type StackState, startStack } from './start.ts'
import { terminalLog } from './terminal-log.ts'

const SETTINGS = join(import.meta.dirname, '..', '..', '.env')

// A remedy that is a command keeps the options of this start, so that it works as pasted.
const asGiven = (remedy: string) => {
  const given = process.argv.slice(2).filter((word) => word !== '--fresh')
  return remedy.replace('npm start -- --fresh', ['npm start --', ...given, '--fresh'].join(' '))
}

const fail = (error: unknown) => {
  if (isFault(error)) console.error(`\n✗ ${error.message}\n  → ${asGiven(error.remedy)}\n`)
  else console.error(error)
  process.exit(1)
}

const summary = (state: StackState) => `
MyPosts is ready.

  API          ${state.functions_url}/api
  Supabase     ${state.api_url}
  Postgres     ${state.db_url}
  storage      ${state.s3_url}
  sandbox X    ${state.x_url}
  publishable  ${state.publishable_key}
  secret       ${state.secret_key}

These are in ${join(state.data, 'state.json')} too; functions log to functions.log beside it.
Ctrl-C stops; the data stays.
`

/** The first signal stops the stack in order; a second one, or one while it starts, leaves the rest to the reaper. */
const stopOnSignal = (started: () => Stack | undefined) => {
  let isStopping = false
  const onSignal = () => {
    const stack = started()
    if (!stack || isStopping) process.exit(130)
    isStopping = true
    console.log('\nstopping …')
    stack.stop().then(() => process.exit(0), fail)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
}

const run = async () => {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options.help) return console.log(HELP)
  if (existsSync(SETTINGS)) process.loadEnvFile(SETTINGS)
  const { port, data, fresh, verbose } = options
  const env = ownSettings(process.env)
  let stack: Stack | undefined
  stopOnSignal(() => stack)
  const receiver = options.demo ? await demoReceiver(options) : undefined
  await mkdir(data, { recursive: true })
  const log = terminalLog(join(data, 'functions.log'), verbose)
  stack = await startStack({
    ...{ port, data, fresh, log },
    env: receiver ? { ...env, WEBHOOK_PRIVATE_HOSTS: withReceiver(env, receiver) } : env,
  })
  console.log(summary(stack.state))
  if (receiver) await showDemo(stack.state, receiver)
}

/** On the port its webhook endpoint names, when an earlier start has made one. */
const demoReceiver = async ({ port, data, fresh }: StartOptions): Promise<Receiver> => {
  const demo = fresh ? undefined : await readDemo(resolve(data))
  return startReceiver(demo?.receiver_port ?? (port && port + 3)).catch(() => startReceiver(0))
}

const withReceiver = (env: Record<string, string>, receiver: Receiver) =>
  [env.WEBHOOK_PRIVATE_HOSTS, `127.0.0.1:${receiver.port}`].filter(Boolean).join(',')

/** A demo that fails leaves the backend running: it is what the user came for. */
const showDemo = (state: StackState, receiver: Receiver) =>
  runDemo(state, receiver, console.log).catch((error: Error) =>
    console.error(`The demo stopped: ${error.message}. The backend goes on.`),
  )

run().catch(fail)
