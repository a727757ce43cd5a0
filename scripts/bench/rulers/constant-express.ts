/** The least that an answer of Express can cost: a server that answers every request with the same text. Runs by itself. */

import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

const require = createRequire(new URL('../../../services/api/package.json', import.meta.url))
const express = require('express') as typeof import('express')

const app = express()
app.get('/api/v1/cursor', (_request, response) => void response.json({ cursor: 840_000 }))
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
