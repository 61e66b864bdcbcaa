import { createDeps } from '../../shared/deps.ts'
import { createApp } from './app.ts'

const app = createApp(createDeps())

export default { fetch: (request: Request) => app.fetch(request) }
