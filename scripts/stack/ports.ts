import { fault } from './fault.ts'
import { freePort, isPortFree } from './free-port.ts'
import { portHolder } from './port-holder.ts'

export type Ports = { gateway: number; postgres: number; sandboxX: number }

/** The stack's three known ports from its first one; 0 takes any free ones. Throws a fault naming who holds one. */
export const choosePorts = async (first: number): Promise<Ports> => {
  if (first === 0) {
    const [gateway, postgres, sandboxX] = await Promise.all([freePort(), freePort(), freePort()])
    return { gateway, postgres, sandboxX }
  }
  const ports = { gateway: first, postgres: first + 1, sandboxX: first + 2 }
  for (const port of Object.values(ports))
    if (!(await isPortFree(port))) throw await taken(port, first)
  return ports
}

const taken = async (port: number, first: number) => {
  const holder = portHolder(port)
  return fault(
    `Port ${port} is in use${holder ? ` by ${holder}` : ''}.`,
    `Stop it, or run on other ports: npm start -- --port ${await nextFree(first)}`,
  )
}

const nextFree = async (first: number) => {
  for (let candidate = first + 100; candidate < 65_000; candidate += 100) {
    const trio = [candidate, candidate + 1, candidate + 2]
    const free = await Promise.all(trio.map(isPortFree))
    if (free.every(Boolean)) return candidate
  }
  return 0
}
