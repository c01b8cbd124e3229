/** The list of events: filter in the address, ticked rows or all that match, one of them aside. */
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { listEvents, type Event } from '@/api/client';
import { Aside } from '@/app/aside';
import { useMay } from '@/auth/roles';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { isFiltered } from '@/ui/filter';
import { Link } from '@/ui/Link';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { SeverityBadge, Word } from '@/ui/words';
import { EVENTS } from '../fields';
import { useAddress } from '../address';
import { actionsFor, type EventAction } from './actions';
import { BulkModal } from './BulkModal';
import { EventPeek } from './EventPeek';

const MESSAGE_SHOWN = 160;

export default function Events() {
  const { t } = useTranslation();
  const search = useAddress();
  const navigate = useNavigate();
  const [ticked, setTicked] = useState<Event[]>([]);
  const [asked, setAsked] = useState<{ action: EventAction; all: boolean } | null>(null);
  const open = (id?: number) => void navigate({ to: '.', search: { ...search, id } as never });
  return (
    <Page title={t('list.events.title')} description={t('list.events.description')}>
      <Listing<Event>
        name="events"
        topic="events"
        ask={(query, signal) => listEvents({ query, signal })}
        columns={useColumns(open)}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => `${row.id} ${row.server_id}`}
        fields={EVENTS}
        search={search}
        dated
        texts
        selection={{ rows: ticked, onChange: setTicked }}
        seen={seenIn}
        actions={
          <Actions
            ticked={ticked}
            onAsk={(action, all) => setAsked({ action, all })}
            onForget={() => setTicked([])}
          />
        }
      />
      {search.id !== undefined && (
        <Aside header={t('event.title', { id: search.id })} onClose={() => open(undefined)}>
          <EventPeek id={search.id} />
        </Aside>
      )}
      {asked && (
        <BulkModal
          {...asked}
          ids={ticked.map((one) => one.id)}
          search={search}
          onEnd={() => {
            setAsked(null);
            setTicked([]);
          }}
        />
      )}
    </Page>
  );
}

function seenIn(rows: readonly Event[]): Record<string, readonly string[]> {
  const values = (name: keyof Event) => [
    ...new Set(rows.map((row) => String(row[name] ?? '')).filter(Boolean)),
  ];
  const names = ['server_id', 'service_type', 'event_type', 'event_source', 'alarm_name'] as const;
  return Object.fromEntries(names.map((name) => [name, values(name)]));
}

function useColumns(open: (id: number) => void): readonly Column<Event>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'event_time',
      cell: (row) => <Time at={row.event_time} />,
      width: 230,
      sort: 'event_time',
    },
    { id: 'severity', cell: (row) => <SeverityBadge value={row.severity} />, width: 120 },
    {
      id: 'event',
      cell: (row) => (
        <>
          <Link to={`/events/${row.id}`}>{`#${row.id}`}</Link>{' '}
          <Button
            variant="inline-icon"
            iconName="view-full"
            ariaLabel={t('event.peek', { id: row.id })}
            onClick={() => open(row.id)}
          />
        </>
      ),
      width: 125,
      rowHeader: true,
    },
    { id: 'status', cell: (row) => <Word kind="status" value={row.status} />, width: 140 },
    { id: 'server_id', cell: (row) => <OfServer id={row.server_id} />, width: 150 },
    { id: 'event_message', cell: (row) => row.event_message.slice(0, MESSAGE_SHOWN), width: 300 },
    { id: 'outcome', cell: (row) => word(t, 'outcome', row.outcome), width: 160 },
    { id: 'service_type', cell: (row) => row.service_type || '–', width: 110 },
    { id: 'occurrences', cell: (row) => row.occurrences, width: 90 },
    {
      id: 'acknowledged_by',
      cell: (row) => row.acknowledged_by ?? '–',
      width: 120,
      extra: true,
    },
    { id: 'event_type', cell: (row) => row.event_type, width: 150, extra: true },
    { id: 'event_source', cell: (row) => row.event_source, width: 150, extra: true },
    { id: 'alarm_name', cell: (row) => row.alarm_name || '–', width: 200, extra: true },
    { id: 'last_seen_at', cell: (row) => <Time at={row.last_seen_at} />, width: 225, extra: true },
  ];
}

function OfServer({ id }: { id: string }) {
  return id ? <Link to={`/servers/${encodeURIComponent(id)}`}>{id}</Link> : '–';
}

interface ActionsProps {
  ticked: readonly Event[];
  onAsk: (action: EventAction, all: boolean) => void;
  onForget: () => void;
}

function Actions({ ticked, onAsk, onForget }: ActionsProps) {
  const { t } = useTranslation();
  const isAdmin = useMay('admin');
  const isOperator = useMay('operator');
  const search = useAddress();
  const navigate = useNavigate();
  const actions = actionsFor({ isOperator, isAdmin, deleted: search.deleted === true });
  const items = (all: boolean) =>
    actions.map((action) => ({
      id: `${all ? 'all' : 'ticked'}:${action}`,
      text: t(`action.${action}`),
    }));
  return (
    <SpaceBetween direction="horizontal" size="s" alignItems="center">
      {isAdmin && (
        <Toggle
          checked={search.deleted === true}
          onChange={({ detail }) => {
            onForget();
            const deleted = detail.checked || undefined;
            void navigate({ to: '.', search: { ...search, deleted } as never });
          }}
        >
          {t('list.deleted')}
        </Toggle>
      )}
      {actions.length > 0 && (
        <ButtonDropdown
          items={[
            {
              text: t('bulk.ticked', { count: ticked.length }),
              items: items(false),
              disabled: !ticked.length,
            },
            { text: t('bulk.all'), items: items(true), disabled: !isFiltered(search) },
          ]}
          onItemClick={({ detail }) => {
            const [which, action] = detail.id.split(':');
            onAsk(action as EventAction, which === 'all');
          }}
          expandableGroups
        >
          {t('bulk.button')}
        </ButtonDropdown>
      )}
    </SpaceBetween>
  );
}
