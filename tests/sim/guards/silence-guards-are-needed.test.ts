import { seeItFail } from './see-it-fail.ts'
import { SILENCE_GUARDS } from './silence-guards.ts'

seeItFail(SILENCE_GUARDS)
