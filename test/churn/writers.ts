/** Programs that write in ways that few events report. */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { giveName, type Mapping, mapFile, openNameless } from '../support/writer-calls.ts'
import { below, next } from './choice.ts'
import { disk } from './disk.ts'
import type { Operation } from './operations.ts'
import { bytes, fileOf, placeIn } from './places.ts'
import { shown, unmap, type World } from './world.ts'

/** Two pages. */
const MAPPED_BYTES = 8192
let mappings = 0

export const WRITERS = {
  /** If the file may stay open, `writeMore` writes to it later, without an event. */
  nameUnnamed: (world, at, here) => {
    const path = placeIn(at, world, here)
    const fd = openNameless(dirname(path))
    try {
      writeSync(fd, bytes(world, at))
      giveName(fd, path)
      writeSync(fd, bytes(world, next(at, 5)))
    } catch (error) {
      closeSync(fd)
      throw error
    }
    leaveOpen(world, fd, path)
    return `O_TMPFILE, name it ${shown(world, path)}, write on`
  },
  /** Removes the name by which the file is open, and writes on: the kernel does not report that at its other name. */
  linkAndWriteOn: (world, at, here) => {
    const [from, to] = [placeIn(at, world, here), placeIn(next(at, 20), world, here)]
    const fd = disk.open(from)
    try {
      writeSync(fd, bytes(world, at))
      disk.link(from, to)
      // Noted only for the id, which may be a second name's: the write must be found without a further event.
      world.linked.add(disk.stat(to).ino)
      disk.unlink(from)
      writeSync(fd, bytes(world, next(at, 5)))
    } catch (error) {
      closeSync(fd)
      throw error
    }
    leaveOpen(world, fd, to)
    return `open and write ${shown(world, from)}, ln it to ${shown(world, to)}, rm the first, write on`
  },
  map: (world, at, here) => {
    if (!world.mayLeaveOpen) return 'nothing is left mapped this time'
    const path = placeIn(at, world, here)
    disk.write(path, bytes(world, at, MAPPED_BYTES))
    const mapping = mapAt(path)
    mappings += 1
    world.mapped.set(mappings, { path, mapping, fd: openSync(pathForFs(path), 'r') })
    mapping.write(bytes(world, at, 10))
    return `write ${MAPPED_BYTES} bytes to ${shown(world, path)}, map it and write to its first page`
  },
  writeMapped: (world, at) => {
    const one = world.mapped.get(mappedAt(world, at))
    if (one === undefined) return 'nothing is mapped'
    if (fstatSync(one.fd).size < MAPPED_BYTES) return `${shown(world, one.path)} is shorter than its mapping`
    one.mapping.write(bytes(world, at, 10))
    return `write to the mapping of what was ${shown(world, one.path)}`
  },
  unmap: (world, at) => {
    const number = mappedAt(world, at)
    const path = world.mapped.get(number)?.path
    if (path === undefined) return 'nothing is mapped'
    unmap(world.mapped, number)
    return `unmap what was ${shown(world, path)}`
  },
  lease: (world, at, here) => {
    const path = fileOf(at, here)
    const returnMs = below(at, 4) === 0 ? 1_000 : 100
    // After a write the file is about to be read. In calm rounds only something else opens it.
    if (!world.isCalm) disk.append(path, bytes(world, at))
    world.leases.take({ path, returnMs })
    return `${world.isCalm ? '' : 'append, then '}lease ${shown(world, path)}, given back ${returnMs} ms after it is asked for`
  },
} satisfies Record<string, Operation>

function leaveOpen(world: World, fd: number, path: string): void {
  if (world.mayLeaveOpen) world.open.set(fd, path)
  else closeSync(fd)
}

/** Closes the file immediately: the close is reported when the mapping ends. */
function mapAt(path: string): Mapping {
  const fd = openSync(pathForFs(path), constants.O_RDWR | constants.O_NONBLOCK)
  try {
    return mapFile(fd, MAPPED_BYTES)
  } finally {
    closeSync(fd)
  }
}

function mappedAt({ mapped }: World, at: number): number {
  return [...mapped.keys()][below(at, mapped.size)] ?? 0
}
