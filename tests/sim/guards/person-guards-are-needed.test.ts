import { PERSON_GUARDS } from './person-guards.ts'
import { seeItFail } from './see-it-fail.ts'

seeItFail(PERSON_GUARDS)
