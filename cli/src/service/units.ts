/** The text of the files that `install-service` writes. */
import { dirname } from 'node:path'
import { commandWord, pathWord } from './unit-words.ts'

export type ServicePlan = {
  readonly node: string
  readonly projectFolder: string
  readonly configPath: string
  readonly databasePath: string
  readonly logPath: string | null
  readonly port: number
  /** Paths of the watched folders. */
  readonly watches: readonly string[]
  /** Who runs the services: `root`, or a name. */
  readonly user: string
  /** The limits of inotify now. */
  readonly watchesAllowed: number
  readonly instancesAllowed: number
}

export type InstalledFile = { readonly path: string; readonly text: string }

export const INDEXER = 'drive-feed-indexer.service'
export const API = 'drive-feed-api.service'
const UNITS = '/etc/systemd/system'
export const INDEXER_PATH = `${UNITS}/${INDEXER}`
export const API_PATH = `${UNITS}/${API}`
export const SYSCTL_PATH = '/etc/sysctl.d/60-drive-feed.conf'

const WATCHES_WANTED = 524_288
const INSTANCES_WANTED = 1024
const OPEN_FILES = 65_536
const FIRST_FREE_PORT = 1024

export function filesOf(plan: ServicePlan): InstalledFile[] {
  return [
    { path: INDEXER_PATH, text: indexerUnit(plan) },
    { path: API_PATH, text: apiUnit(plan) },
    { path: SYSCTL_PATH, text: sysctlText(plan) },
  ]
}

function indexerUnit(plan: ServicePlan): string {
  const written = [
    ...new Set([plan.databasePath, plan.logPath].flatMap((path) => (path === null ? [] : [dirname(path)]))),
  ]
  return `${MADE}
[Unit]
Description=drive-feed: watches folders and keeps the feed database
After=local-fs.target remote-fs.target
RequiresMountsFor=${pathWord(dirname(plan.databasePath))}

[Service]
ExecStart=${execStart(plan, 'indexer')}
User=${plan.user}
# To read what belongs to others, and nothing else.
AmbientCapabilities=${plan.user === 'root' ? '' : 'CAP_DAC_READ_SEARCH'}
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
ReadWritePaths=${written.map(pathWord).join(' ')}
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
LimitNOFILE=${OPEN_FILES}
${hardening(plan)}
[Install]
WantedBy=multi-user.target
`
}

function apiUnit(plan: ServicePlan): string {
  const needed = [plan.node, plan.projectFolder, plan.configPath, plan.databasePath]
  const hidden = plan.watches.filter((watch) => !needed.some((path) => isInside(path, watch)))
  const capability = plan.port < FIRST_FREE_PORT ? 'CAP_NET_BIND_SERVICE' : ''
  return `${MADE}
[Unit]
Description=drive-feed: serves what changed over HTTP
After=network-online.target ${INDEXER}
Wants=network-online.target ${INDEXER}
RequiresMountsFor=${pathWord(dirname(plan.databasePath))}

[Service]
ExecStart=${execStart(plan, 'api')}
${plan.user === 'root' ? 'DynamicUser=yes' : `User=${plan.user}`}
AmbientCapabilities=${capability}
CapabilityBoundingSet=${capability}
# It never needs the watched folders.
InaccessiblePaths=${hidden.map((path) => pathWord(`-${path}`)).join(' ')}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
${hardening(plan)}
[Install]
WantedBy=multi-user.target
`
}

const MADE = '# Made by `drive-feed install-service`, which overwrites it. For changes: systemctl edit.'

function execStart({ node, projectFolder, configPath }: ServicePlan, service: string): string {
  const words = [node, `${projectFolder}/services/${service}/src/main.ts`, `--config=${configPath}`]
  return words.map(commandWord).join(' ')
}

/** What neither service needs. Not MemoryDenyWriteExecute: V8 compiles to memory and would crash at the start. */
function hardening(plan: ServicePlan): string {
  const used = [plan.node, plan.projectFolder, plan.configPath, plan.databasePath, ...plan.watches]
  // A private /tmp would hide what is watched or run there.
  const usesTmp = used.some((path) => isInside(path, '/tmp') || isInside(path, '/var/tmp'))
  return `UMask=0022
# A mistake in the config is not tried again: \`systemctl status\` shows it. 75 and crashes are.
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=1 2
TimeoutStopSec=20
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=${usesTmp ? 'no' : 'yes'}
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp
SystemCallErrorNumber=EPERM
`
}

/** Never lower than now: machines with much memory have higher limits by themselves. */
function sysctlText({ watchesAllowed, instancesAllowed }: ServicePlan): string {
  return `${MADE.replace('systemctl edit.', 'another file here.')}
fs.inotify.max_user_watches = ${Math.max(WATCHES_WANTED, watchesAllowed)}
fs.inotify.max_user_instances = ${Math.max(INSTANCES_WANTED, instancesAllowed)}
`
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
