/** Stop and go: halts that stand and that stood, calling one and lifting it. */
import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { halt, liftHalt, listHalts, type Halt } from '@/api/client';
import { useTargetWords } from '@/app/Bars';
import { useMay } from '@/auth/roles';
import { touch } from '@/live/current';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { Listing, type Column } from '@/ui/Listing';
import { tell } from '@/ui/notices';
import { Page } from '@/ui/Page';
import { TargetInput, targetOf } from './Target';

export default function Halts() {
  const { t } = useTranslation();
  const may = useMay('operator');
  const [calls, setCalls] = useState(false);
  const [lifted, setLifted] = useState<Halt | null>(null);
  const [standing, setStanding] = useState(true);
  return (
    <Page
      title={t('list.halts.title')}
      description={t('list.halts.description')}
      actions={
        may && (
          <Button variant="primary" iconName="status-stopped" onClick={() => setCalls(true)}>
            {t('halt.call')}
          </Button>
        )
      }
    >
      <SpaceBetween size="m">
        <SegmentedControl
          label={t('halt.which')}
          selectedId={standing ? 'standing' : 'all'}
          options={[
            { id: 'standing', text: t('halt.standing') },
            { id: 'all', text: t('halt.all') },
          ]}
          onChange={({ detail }) => setStanding(detail.selectedId === 'standing')}
        />
        <Listing<Halt>
          name="halts"
          topic="halts"
          ask={(query, signal) => listHalts({ query, signal })}
          always={{ standing }}
          keyOf={(row) => String(row.id)}
          labelOf={(row) => row.target}
          columns={useColumns(may ? setLifted : null)}
        />
      </SpaceBetween>
      {calls && <Call onEnd={() => setCalls(false)} />}
      {lifted && <Lift halt={lifted} onEnd={() => setLifted(null)} />}
    </Page>
  );
}

function useColumns(onLift: ((row: Halt) => void) | null): readonly Column<Halt>[] {
  const { t } = useTranslation();
  const words = useTargetWords();
  return [
    { id: 'target', cell: (row) => words(row.target), rowHeader: true, width: 150 },
    {
      id: 'state',
      cell: (row) =>
        row.lifted_at ? (
          <StatusIndicator type="success">{t('halt.lifted')}</StatusIndicator>
        ) : (
          <StatusIndicator type="stopped" colorOverride="red">
            {t('halt.standing')}
          </StatusIndicator>
        ),
      width: 120,
    },
    { id: 'reason', cell: (row) => row.reason, width: 230 },
    { id: 'called_by', cell: (row) => row.called_by, width: 120 },
    { id: 'called_at', cell: (row) => <Time at={row.called_at} />, width: 230 },
    {
      id: 'lifted_at',
      cell: (row) =>
        row.lifted_at || !onLift ? (
          <>
            <Time at={row.lifted_at} /> {row.lifted_by}
          </>
        ) : (
          <Button onClick={() => onLift(row)}>{t('halt.lift')}</Button>
        ),
      width: 190,
    },
  ];
}

function Call({ onEnd }: { onEnd: () => void }) {
  const { t } = useTranslation();
  const [kind, setKind] = useState('*');
  const [name, setName] = useState('');
  return (
    <Confirm
      title={t('halt.call')}
      button={t('halt.call')}
      reason="required"
      words={
        <SpaceBetween size="m">
          {t('halt.call_words')}
          <TargetInput
            kind={kind}
            name={name}
            onChange={(nextKind, nextName) => {
              setKind(nextKind);
              setName(nextName);
            }}
          />
        </SpaceBetween>
      }
      onEnd={onEnd}
      onDo={async (reason) => {
        await halt({ body: { target: targetOf(kind, name), reason } });
        touch('halts');
      }}
    />
  );
}

function Lift({ halt: found, onEnd }: { halt: Halt; onEnd: () => void }) {
  const { t } = useTranslation();
  const words = useTargetWords();
  return (
    <Confirm
      title={t('halt.lift_title', { target: words(found.target) })}
      words={t('halt.lift_words')}
      button={t('halt.lift')}
      onEnd={onEnd}
      onDo={async () => {
        await liftHalt({ path: { halt_id: found.id } });
        tell(t('halt.lifted_now', { target: words(found.target) }));
        touch('halts', 'executions');
      }}
    />
  );
}
