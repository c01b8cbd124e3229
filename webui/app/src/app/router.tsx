/** Addresses and their pages; each page is loaded when somebody goes there. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import * as fields from '@/pages/fields';
import { Skeleton } from '@/ui/Page';
import { leave } from '@/ui/arrival';
import { parseAddress, searchOf, writeAddress, type Field } from '@/ui/filter';
import { part } from '@/ui/renewed';
import { Broken } from './Boundary';
import { NotFound } from './NotFound';
import { Shell } from './Shell';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

type Loaded = Parameters<typeof lazyRouteComponent>[0];

function page<Path extends string>(
  path: Path,
  help: string,
  load: Loaded,
  filters: readonly Field[] = [],
) {
  return createRoute({
    getParentRoute: () => root,
    path,
    staticData: { help },
    validateSearch: (raw: Record<string, unknown>) => searchOf(raw, filters),
    component: lazyRouteComponent(() => part(load)),
  });
}

const routes = [
  page('/', 'dashboard', () => import('@/pages/dashboard/Dashboard')),
  page('/events', 'events', () => import('@/pages/events/Events'), fields.EVENTS),
  page('/events/$id', 'event', () => import('@/pages/events/EventPage')),
  page('/executions', 'executions', () => import('@/pages/executions/Executions'), fields.RUNS),
  page('/executions/$id', 'execution', () => import('@/pages/executions/ExecutionPage')),
  page('/approvals', 'approvals', () => import('@/pages/approvals/Approvals'), fields.APPROVALS),
  page('/runbooks', 'runbooks', () => import('@/pages/runbooks/Runbooks'), fields.RUNBOOKS),
  page('/runbooks/$id', 'runbook', () => import('@/pages/runbooks/RunbookPage')),
  page('/commands', 'commands', () => import('@/pages/commands/Commands'), fields.COMMANDS),
  page('/commands/$id', 'command', () => import('@/pages/commands/CommandPage')),
  page('/drafts', 'drafts', () => import('@/pages/drafts/Drafts'), fields.DRAFTS),
  page('/advice', 'advice', () => import('@/pages/advice/Advice'), fields.ADVICE),
  page('/advice/$id', 'advice_one', () => import('@/pages/advice/AdvicePage'), fields.ADVICE_OF),
  page('/servers', 'servers', () => import('@/pages/servers/Servers'), fields.SERVERS),
  page('/servers/$id', 'server', () => import('@/pages/servers/ServerPage')),
  page('/halts', 'halts', () => import('@/pages/control/Halts')),
  page('/windows', 'windows', () => import('@/pages/control/Windows')),
  page('/dead-letters', 'letters', () => import('@/pages/control/DeadLetters'), fields.LETTERS),
  page('/notices', 'notices', () => import('@/pages/notices/Notices'), fields.NOTICES),
  page('/audit', 'audit', () => import('@/pages/house/Audit'), fields.AUDIT),
  page('/archive', 'archive', () => import('@/pages/house/Archive'), fields.ARCHIVES),
  page('/users', 'users', () => import('@/pages/house/Users'), fields.USERS),
  page('/keys', 'keys', () => import('@/pages/house/Keys')),
  page('/health-check', 'health', () => import('@/pages/house/Health')),
  page('/me', 'me', () => import('@/pages/house/Me')),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch: parseAddress,
  stringifySearch: writeAddress,
  defaultPendingComponent: Skeleton,
  defaultErrorComponent: Broken,
  defaultPendingMs: 150,
  scrollRestoration: true,
});

router.subscribe('onBeforeNavigate', ({ fromLocation, pathChanged }) => {
  if (fromLocation && pathChanged) leave();
});

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    help?: string;
  }
}
