import { MEDIA_GUARDS } from './media-guards.ts'
import { seeItFail } from './see-it-fail.ts'

seeItFail(MEDIA_GUARDS)
