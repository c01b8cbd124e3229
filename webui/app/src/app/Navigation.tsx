/** Where one can go, with the number of what waits there. */
import Badge from '@cloudscape-design/components/badge';
import SideNavigation, {
  type SideNavigationProps,
} from '@cloudscape-design/components/side-navigation';
import { useLocation } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { mayAs, useRole, type Least } from '@/auth/roles';
import { useFollow } from '@/ui/Link';
import { useShortcut } from '@/ui/keys';
import { useRouter } from '@tanstack/react-router';
import { useWaiting } from './counts';

interface Place {
  name: string;
  href: string;
  least?: Least;
  count?: 'approvals' | 'letters' | 'held' | 'notices';
}

const SECTIONS: readonly { name: string; places: readonly Place[] }[] = [
  {
    name: 'now',
    places: [
      { name: 'dashboard', href: '/' },
      { name: 'approvals', href: '/approvals', count: 'approvals' },
      { name: 'events', href: '/events' },
      { name: 'executions', href: '/executions', count: 'held' },
      { name: 'servers', href: '/servers' },
    ],
  },
  {
    name: 'knowledge',
    places: [
      { name: 'runbooks', href: '/runbooks' },
      { name: 'commands', href: '/commands' },
      { name: 'drafts', href: '/drafts' },
      { name: 'advice', href: '/advice' },
    ],
  },
  {
    name: 'control',
    places: [
      { name: 'halts', href: '/halts' },
      { name: 'windows', href: '/windows' },
      { name: 'letters', href: '/dead-letters', count: 'letters' },
      { name: 'notices', href: '/notices', count: 'notices' },
    ],
  },
  {
    name: 'house',
    places: [
      { name: 'audit', href: '/audit', least: 'operator' },
      { name: 'archive', href: '/archive' },
      { name: 'users', href: '/users', least: 'admin' },
      { name: 'keys', href: '/keys', least: 'admin' },
      { name: 'health', href: '/health-check' },
    ],
  },
];

export function Navigation() {
  const { t } = useTranslation();
  const role = useRole();
  const follow = useFollow();
  const waiting = useWaiting();
  const path = useLocation({ select: (location) => location.pathname });
  useGoing();

  function link(place: Place): SideNavigationProps.Link {
    const count = place.count ? waiting[place.count] : 0;
    const words = t(`nav.${place.count}_count`, { count });
    const text = t(`nav.${place.name}`);
    return {
      type: 'link',
      text,
      href: place.href,
      info: count ? (
        <Badge color={place.count === 'approvals' ? 'blue' : 'grey'}>
          <span aria-hidden="true">{waiting.bounded ? `${count}+` : count}</span>
          <span className="visually-hidden">{words}</span>
        </Badge>
      ) : undefined,
    };
  }

  const items = SECTIONS.map((section): SideNavigationProps.Item => {
    const places = section.places.filter((place) => mayAs(role, place.least ?? 'viewer'));
    return {
      type: 'section-group',
      title: t(`nav.section_${section.name}`),
      items: places.map(link),
    };
  });
  const first = `/${path.split('/')[1] ?? ''}`;
  return <SideNavigation items={items} activeHref={first} onFollow={follow} />;
}

/** `g` and a letter go to the pages that are needed most. */
function useGoing(): void {
  const router = useRouter();
  const go = (href: string) => router.history.push(href);
  useShortcut('g d', 'nav.dashboard', () => go('/'));
  useShortcut('g a', 'nav.approvals', () => go('/approvals'));
  useShortcut('g e', 'nav.events', () => go('/events'));
  useShortcut('g x', 'nav.executions', () => go('/executions'));
  useShortcut('g r', 'nav.runbooks', () => go('/runbooks'));
  useShortcut('g i', 'nav.advice', () => go('/advice'));
  useShortcut('g s', 'nav.servers', () => go('/servers'));
  useShortcut('g h', 'nav.halts', () => go('/halts'));
  useShortcut('g n', 'nav.notices', () => go('/notices'));
}
