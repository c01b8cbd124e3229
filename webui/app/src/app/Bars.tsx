/** Bars across the top that nobody can miss: a halt that stands, and a network that does not. */
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import Flashbar from '@cloudscape-design/components/flashbar';
import { Time } from '@/time/Time';
import { useFollow } from '@/ui/Link';
import { useOverview } from './counts';

/** A target as people say it: `*` is everything. */
export function useTargetWords(): (target: string) => string {
  const { t } = useTranslation();
  return (target) => {
    if (target === '*') return t('target.all');
    const [kind = '', ...name] = target.split(':');
    return t(`target.${kind}`, { name: name.join(':'), defaultValue: target });
  };
}

export function HaltBar() {
  const { t } = useTranslation();
  const words = useTargetWords();
  const follow = useFollow();
  const halts = useOverview().data?.halts ?? [];
  const [first] = halts;
  if (!first) return null;
  return (
    <div className="halt-bar" role="region" aria-label={t('halt.bar')}>
      <strong>{t('halt.stands', { target: words(first.target) })}</strong>
      <span>
        {t('halt.by', { name: first.called_by })} · <Time at={first.called_at} /> · {first.reason}
      </span>
      {halts.length > 1 && <span>{t('halt.more', { count: halts.length - 1 })}</span>}
      <a
        href="/halts"
        onClick={(event) =>
          follow({
            preventDefault: () => event.preventDefault(),
            detail: { href: event.metaKey || event.ctrlKey ? undefined : '/halts' },
          })
        }
      >
        {t('halt.see')}
      </a>
    </div>
  );
}

function onNetworkChange(listener: () => void): () => void {
  addEventListener('online', listener);
  addEventListener('offline', listener);
  return () => {
    removeEventListener('online', listener);
    removeEventListener('offline', listener);
  };
}

export function OfflineBar() {
  const { t } = useTranslation();
  const online = useSyncExternalStore(onNetworkChange, () => navigator.onLine);
  if (online) return null;
  return (
    <Flashbar
      items={[
        { id: 'offline', type: 'warning', header: t('offline.title'), content: t('offline.words') },
      ]}
    />
  );
}
