/** What stands in the way of fixing this server: halts, maintenance windows, executions held. */
import Alert from '@cloudscape-design/components/alert';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { listExecutions, listWindows, type ServerWhole } from '@/api/client';
import { useTargetWords } from '@/app/Bars';
import { useHalts } from '@/app/counts';
import { word } from '@/i18n';
import { Time, useNow } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Foreign } from '@/ui/Page';
import { isOn, isOpen } from './standing';

// The latest to end come first: of those that are open none is beyond so many.
const MOST_WINDOWS = 100;

export function Standing({ data }: { data: ServerWhole }) {
  return (
    <SpaceBetween size="s">
      <Halts data={data} />
      <Windows data={data} />
      <Held id={data.server.server_id} />
    </SpaceBetween>
  );
}

function Halts({ data }: { data: ServerWhole }) {
  const { t } = useTranslation();
  const words = useTargetWords();
  const found = (useHalts().data ?? []).filter((one) => isOn(one.target, data));
  return found.map((one) => (
    <Alert
      key={one.id}
      type="error"
      header={t('halt.stands', { target: words(one.target) })}
      action={<Link to="/halts">{t('halt.see')}</Link>}
    >
      {t('halt.by', { name: one.called_by })} · <Time at={one.called_at} /> ·{' '}
      <Foreign text={one.reason} />
    </Alert>
  ));
}

function Windows({ data }: { data: ServerWhole }) {
  const { t } = useTranslation();
  const words = useTargetWords();
  const now = useNow();
  const windows = useQuery({
    queryKey: ['maintenance-windows', 'latest'],
    queryFn: async ({ signal }) =>
      (await listWindows({ signal, query: { limit: MOST_WINDOWS } })).data.items,
  });
  const found = (windows.data ?? []).filter((one) => isOpen(one, now) && isOn(one.target, data));
  return found.map((one) => (
    <Alert
      key={one.id}
      type="info"
      header={t('window.open_on', { target: words(one.target) })}
      action={<Link to="/windows">{t('server.see_windows')}</Link>}
    >
      {t('window.until')} <Time at={one.ends_at} /> · <Foreign text={one.reason} />
    </Alert>
  ));
}

function Held({ id }: { id: string }) {
  const { t } = useTranslation();
  const held = useQuery({
    queryKey: ['executions', 'held', id],
    queryFn: async ({ signal }) =>
      (await listExecutions({ signal, query: { server_id: [id], state: ['held'], limit: 20 } }))
        .data.items,
  });
  if (!held.data?.length) return null;
  return (
    <Alert type="warning" header={t('server.held', { count: held.data.length })}>
      <ul>
        {held.data.map((one) => (
          <li key={one.id}>
            <Link to={`/executions/${one.id}`}>{`#${one.id} ${one.solution_name}`}</Link>{' '}
            {word(t, 'rule', one.held_by)} · <Time at={one.held_at} />
          </li>
        ))}
      </ul>
    </Alert>
  );
}
