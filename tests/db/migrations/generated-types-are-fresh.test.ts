import { expect, test } from 'vitest'
import { committedTypes, generateTypes } from '../../../scripts/generate-types.ts'
import { databaseUrl } from '../../helpers/database.ts'

test('shared/db/database.types.ts is what the migrations generate (else: npm run types)', async () => {
  const fresh = await generateTypes(await databaseUrl())
  expect((await committedTypes()) === fresh).toBe(true)
})
