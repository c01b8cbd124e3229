/** What the page of an event and the panel beside the list both show. */
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { getEventHistory, getEventMatches, type Event, type Match } from '@/api/client';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { SeverityBadge, Word } from '@/ui/words';

export function useHistory(id: number | null) {
  return useQuery({
    queryKey: ['events', 'history', id],
    enabled: id !== null,
    queryFn: async ({ signal }) =>
      (await getEventHistory({ path: { event_id: id ?? 0 }, signal })).data,
  });
}

export function useMatches(id: number | null) {
  return useQuery({
    queryKey: ['runbooks', 'matches', id],
    enabled: id !== null,
    queryFn: async ({ signal }): Promise<Match> =>
      (await getEventMatches({ path: { event_id: id ?? 0 }, signal })).data,
  });
}

export function EventFacts({ event, columns }: { event: Event; columns: number }) {
  const { t } = useTranslation();
  const server = event.server_id;
  return (
    <KeyValuePairs
      columns={columns}
      items={[
        { label: t('column.severity'), value: <SeverityBadge value={event.severity} /> },
        {
          label: t('column.status'),
          value: (
            <>
              <Word kind="status" value={event.status} />
              {event.outcome && <div>{word(t, 'outcome', event.outcome)}</div>}
            </>
          ),
        },
        {
          label: t('column.server_id'),
          value: server ? (
            <Link to={`/servers/${encodeURIComponent(server)}`}>{server}</Link>
          ) : (
            t('dashboard.unnamed')
          ),
        },
        { label: t('column.service_type'), value: event.service_type || t('dashboard.unnamed') },
        { label: t('column.event_time'), value: <Time at={event.event_time} /> },
        { label: t('column.received_at'), value: <Time at={event.received_at} /> },
        { label: t('column.acknowledged_by'), value: <SeenTo event={event} /> },
        { label: t('column.occurrences'), value: event.occurrences },
        { label: t('column.event_source'), value: `${event.event_source} · ${event.event_type}` },
      ]}
    />
  );
}

/** Who sees to it, since when; nobody is news only while there is something to see to. */
function SeenTo({ event }: { event: Event }) {
  const { t } = useTranslation();
  if (event.acknowledged_by) {
    return (
      <>
        {event.acknowledged_by} · <Time at={event.acknowledged_at} />
      </>
    );
  }
  return <>{event.status === 'resolved' ? '–' : t('event.nobody')}</>;
}
