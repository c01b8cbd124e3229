/** The top bar: how fresh the page is, language, look, time zone, help, and who one is. */
import TopNavigation, {
  type TopNavigationProps,
} from '@cloudscape-design/components/top-navigation';
import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { updateMe } from '@/api/client';
import { sessions, useSession } from '@/auth/current';
import { word } from '@/i18n';
import { live, useLive } from '@/live/current';
import { useNow } from '@/time/Time';
import { clockTime, zoneName } from '@/time/time';
import { useFollow } from '@/ui/Link';
import { OWN_NAMES } from './LanguageChoice';
import { isLanguage, prefer, usePreferences, type Theme } from './preferences';
import { shortcutsShown } from './Shortcuts';

type Utility = TopNavigationProps.Utility;

export function TopBar({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  const follow = useFollow();
  const utilities = [useFreshness(), useLook(), useTongue(), helpUtility(t, onHelp), usePerson()];
  return (
    <TopNavigation
      identity={{
        href: '/',
        logo: { src: '/wordmark.svg', alt: 'Rescue Bot' },
        onFollow: follow,
      }}
      utilities={utilities}
      i18nStrings={{
        overflowMenuTriggerText: t('top.more'),
        overflowMenuTitleText: t('top.all'),
        overflowMenuBackIconAriaLabel: t('top.back'),
        overflowMenuDismissIconAriaLabel: t('common.close'),
      }}
    />
  );
}

/** When something on this page was last asked for. */
function useUpdatedAt(): number {
  const client = useQueryClient();
  useIsFetching();
  useNow();
  return Math.max(
    0,
    ...client
      .getQueryCache()
      .getAll()
      .filter((query) => query.isActive())
      .map((query) => query.state.dataUpdatedAt),
  );
}

function useFreshness(): Utility {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  const state = useLive();
  const updated = useUpdatedAt();
  const client = useQueryClient();
  const at = updated ? clockTime(new Date(updated), zone) : '–';
  return {
    type: 'menu-dropdown',
    text: t('live.text', { at, state: t(`live.${state}`) }),
    iconName: state === 'paused' ? 'status-stopped' : 'status-positive',
    items: [
      state === 'paused'
        ? { id: 'start', text: t('live.go'), description: t('live.go_more') }
        : { id: 'pause', text: t('live.pause'), description: t('live.pause_more') },
      { id: 'now', text: t('live.now') },
    ],
    onItemClick: ({ detail }) => {
      if (detail.id === 'pause') live.pause();
      else if (detail.id === 'start') live.start();
      if (detail.id !== 'pause') void client.invalidateQueries();
    },
  };
}

function useLook(): Utility {
  const { t } = useTranslation();
  const { theme, zone, density } = usePreferences();
  const mark = (chosen: boolean) => (chosen ? ('check' as const) : undefined);
  const choice = (id: string, text: string, chosen: boolean) => ({
    id,
    text,
    iconName: mark(chosen),
  });
  const themes = ['system', 'light', 'dark'] as const;
  return {
    type: 'menu-dropdown',
    iconName: 'settings',
    text: zoneName(zone),
    ariaLabel: t('top.look', { zone: zoneName(zone) }),
    items: [
      {
        text: t('top.zone'),
        items: [
          choice('zone:local', t('top.zone_local', { zone: zoneName('local') }), zone === 'local'),
          choice('zone:utc', 'UTC', zone === 'utc'),
        ],
      },
      {
        text: t('top.theme'),
        items: themes.map((one) => choice(`theme:${one}`, t(`top.theme_${one}`), theme === one)),
      },
      {
        text: t('top.density'),
        items: [
          choice('density:comfortable', t('top.comfortable'), density === 'comfortable'),
          choice('density:compact', t('top.compact'), density === 'compact'),
        ],
      },
    ],
    onItemClick: ({ detail }) => {
      const [what, value] = detail.id.split(':');
      if (what === 'zone') prefer({ zone: value === 'utc' ? 'utc' : 'local' });
      if (what === 'theme') prefer({ theme: value as Theme });
      if (what === 'density') prefer({ density: value === 'compact' ? 'compact' : 'comfortable' });
    },
  };
}

function useTongue(): Utility {
  const { t } = useTranslation();
  const { language } = usePreferences();
  return {
    type: 'menu-dropdown',
    text: OWN_NAMES[language],
    ariaLabel: `${t('top.language')}: ${OWN_NAMES[language]}`,
    items: Object.entries(OWN_NAMES).map(([id, text]) => ({ id, text })),
    onItemClick: ({ detail }) => {
      if (!isLanguage(detail.id)) return;
      prefer({ language: detail.id, languageChosen: true });
      // Notices and messages of the bot follow the account; this page has changed already.
      void updateMe({ body: { locale: detail.id } }).catch(() => undefined);
    },
  };
}

function helpUtility(t: (key: string) => string, onHelp: () => void): Utility {
  return {
    type: 'menu-dropdown',
    iconName: 'status-info',
    ariaLabel: t('top.help'),
    title: t('top.help'),
    items: [
      { id: 'help', text: t('top.help_page') },
      { id: 'keys', text: t('keys.title') },
    ],
    onItemClick: ({ detail }) => {
      if (detail.id === 'help') onHelp();
      else shortcutsShown.set(true);
    },
  };
}

function usePerson(): Utility {
  const { t } = useTranslation();
  const session = useSession();
  const router = useRouter();
  const user = session.state === 'in' ? session.user : null;
  const name = user?.display_name || user?.username || '';
  return {
    type: 'menu-dropdown',
    iconName: 'user-profile',
    text: name,
    description: user ? `${user.username} · ${word(t, 'role', user.role)}` : '',
    ariaLabel: t('top.account', { name }),
    items: [
      { id: 'me', text: t('top.me') },
      { id: 'out', text: t('top.sign_out') },
    ],
    onItemClick: ({ detail }) => {
      if (detail.id === 'out') void sessions.leave();
      else router.history.push('/me');
    },
  };
}
