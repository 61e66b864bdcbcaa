import { expect, test } from 'vitest'
import { docs } from '../../../functions/api/routes/docs.ts'
import { parseEnv } from '../../../shared/env.ts'
import { VARIABLES } from '../../helpers/fake-api.ts'

const locationOf = async (path: string, variables: Record<string, string>) => {
  const app = docs({ env: parseEnv({ ...VARIABLES, ...variables }) }, () => [])
  return (await app.request(path)).headers.get('location')
}

test('sends readers to DOCS_URL when the documentation is published', async () => {
  const variables = { DOCS_URL: 'https://docs.example.com' }
  expect(await locationOf('/docs', variables)).toBe('https://docs.example.com')
  expect(await locationOf('/docs/errors', variables)).toBe('https://docs.example.com/errors')
})

test('sends readers to the document where the platform serves no HTML', async () => {
  const document = 'https://project.example.com/functions/v1/api/openapi.json'
  expect(await locationOf('/docs', { SB_REGION: 'eu-central-1' })).toBe(document)
})
