/** Maintenance windows: announced work, during which nothing is fixed. */
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import DatePicker from '@cloudscape-design/components/date-picker';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import TimeInput from '@cloudscape-design/components/time-input';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { closeWindow, listWindows, openWindow, type MaintenanceWindow } from '@/api/client';
import { useTargetWords } from '@/app/Bars';
import { usePreferences } from '@/app/preferences';
import { useMay } from '@/auth/roles';
import { touch } from '@/live/current';
import { Time, useNow } from '@/time/Time';
import { zoneName } from '@/time/time';
import { Confirm } from '@/ui/Confirm';
import { Listing, type Column } from '@/ui/Listing';
import { tell } from '@/ui/notices';
import { Page } from '@/ui/Page';
import { TargetInput, targetOf } from './Target';
import { inZone, momentOf } from './moment';

export default function Windows() {
  const { t } = useTranslation();
  const may = useMay('operator');
  const [opens, setOpens] = useState(false);
  const [closed, setClosed] = useState<MaintenanceWindow | null>(null);
  return (
    <Page
      title={t('list.windows.title')}
      description={t('list.windows.description')}
      actions={
        may && (
          <Button variant="primary" onClick={() => setOpens(true)}>
            {t('window.open')}
          </Button>
        )
      }
    >
      <Listing<MaintenanceWindow>
        name="windows"
        topic="maintenance-windows"
        ask={(query, signal) => listWindows({ query, signal })}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => row.target}
        columns={useColumns(may ? setClosed : null)}
      />
      {opens && <Open onEnd={() => setOpens(false)} />}
      {closed && (
        <Confirm
          title={t('window.close')}
          words={t('window.close_words')}
          button={t('window.close')}
          onEnd={() => setClosed(null)}
          onDo={async () => {
            await closeWindow({ path: { window_id: closed.id } });
            tell(t('window.closed_now'));
            touch('maintenance-windows', 'executions');
          }}
        />
      )}
    </Page>
  );
}

function stateOf(row: MaintenanceWindow, now: number) {
  if (row.closed_at || Date.parse(row.ends_at) <= now) return 'over';
  return Date.parse(row.starts_at) <= now ? 'now' : 'later';
}

const LOOKS = { over: 'stopped', now: 'info', later: 'pending' } as const;

function useColumns(
  onClose: ((row: MaintenanceWindow) => void) | null,
): readonly Column<MaintenanceWindow>[] {
  const { t } = useTranslation();
  const words = useTargetWords();
  const now = useNow();
  return [
    { id: 'target', cell: (row) => words(row.target), rowHeader: true, width: 130 },
    {
      id: 'state',
      cell: (row) => {
        const state = stateOf(row, now);
        return <StatusIndicator type={LOOKS[state]}>{t(`window.${state}`)}</StatusIndicator>;
      },
      width: 130,
    },
    { id: 'reason', cell: (row) => row.reason, width: 170 },
    { id: 'starts_at', cell: (row) => <Time at={row.starts_at} />, width: 230 },
    { id: 'ends_at', cell: (row) => <Time at={row.ends_at} />, width: 230, sort: 'ends_at' },
    { id: 'created_by', cell: (row) => row.created_by, width: 130, extra: true },
    {
      id: 'do',
      cell: (row) =>
        onClose && stateOf(row, now) !== 'over' ? (
          <Button onClick={() => onClose(row)}>{t('window.close')}</Button>
        ) : (
          (row.closed_by ?? '–')
        ),
      width: 180,
    },
  ];
}

const HOUR_MS = 3_600_000;

function Open({ onEnd }: { onEnd: () => void }) {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  const [kind, setKind] = useState('service');
  const [name, setName] = useState('');
  const [start, setStart] = useState(() => inZone(new Date(), zone));
  const [end, setEnd] = useState(() => inZone(new Date(Date.now() + HOUR_MS), zone));
  const fields = [
    { label: t('column.starts_at'), value: start, set: setStart },
    { label: t('column.ends_at'), value: end, set: setEnd },
  ];
  return (
    <Confirm
      title={t('window.open')}
      button={t('window.open')}
      reason="required"
      onEnd={onEnd}
      words={
        <SpaceBetween size="m">
          {t('window.open_words')}
          <TargetInput
            kind={kind}
            name={name}
            onChange={(nextKind, nextName) => {
              setKind(nextKind);
              setName(nextName);
            }}
          />
          {fields.map((field) => (
            <FormField key={field.label} label={`${field.label} (${zoneName(zone)})`}>
              <ColumnLayout columns={2}>
                <DatePicker
                  value={field.value.date}
                  ariaLabel={`${field.label}: ${t('window.date')}`}
                  openCalendarAriaLabel={() => `${field.label}: ${t('window.calendar')}`}
                  onChange={({ detail }) => field.set({ ...field.value, date: detail.value })}
                />
                <TimeInput
                  value={field.value.time}
                  format="hh:mm"
                  ariaLabel={`${field.label}: ${t('window.time')}`}
                  onChange={({ detail }) => field.set({ ...field.value, time: detail.value })}
                />
              </ColumnLayout>
            </FormField>
          ))}
        </SpaceBetween>
      }
      onDo={async (reason) => {
        await openWindow({
          body: {
            target: targetOf(kind, name),
            reason,
            starts_at: momentOf(start, zone),
            ends_at: momentOf(end, zone),
          },
        });
        touch('maintenance-windows');
      }}
    />
  );
}
