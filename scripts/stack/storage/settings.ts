/** What the stack's object storage calls itself; a hosted project has values of its own. */
export const STORAGE = { region: 'local', bucket: 'myposts' }
