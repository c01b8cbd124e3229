/** The page of one runbook or command: writing it, its versions, taking it out of use. */
import Alert from '@cloudscape-design/components/alert';
import Badge from '@cloudscape-design/components/badge';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useParams, useRouter } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '@/api/problems';
import { NotFound } from '@/app/NotFound';
import { useMay } from '@/auth/roles';
import { touch } from '@/live/current';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { tell, tellError } from '@/ui/notices';
import { Asked, Page, Stale } from '@/ui/Page';
import { useNumber } from '../address';
import { Conflict } from './Conflict';
import type { Kept, Row, Seen } from './kept';
import { useChecked, useSeen, useWriting } from './useKept';
import { Versions } from './Versions';

export interface FormProps<F> {
  fields: F;
  set: (change: Partial<F>) => void;
  problems: Readonly<Record<string, string>>;
  readOnly: boolean;
  id: number | null;
}

interface Tab<F> {
  id: string;
  content: (props: FormProps<F>) => ReactNode;
}

interface Props<R extends Row, F extends object> {
  kept: Kept<R, F>;
  form: (props: FormProps<F>) => ReactNode;
  tabs?: readonly Tab<F>[];
}

export function KeptPage<R extends Row, F extends object>({ kept, form, tabs }: Props<R, F>) {
  const { id: text } = useParams({ strict: false }) as { id?: string };
  const id = useNumber();
  const may = useMay('operator');
  const seen = useSeen(kept, id);
  const { t } = useTranslation();
  if (text === 'new' && may) return <Writing kept={kept} form={form} tabs={tabs} seen={null} />;
  if (id === null) return <NotFound />;
  if (seen.data) {
    return (
      <>
        <Stale query={seen} />
        <Writing key={id} kept={kept} form={form} tabs={tabs} seen={seen.data} />
      </>
    );
  }
  return (
    <Page title={t(`${kept.noun}.one`, { id })} description={t(`${kept.noun}.description`)}>
      <Asked query={seen} lines={8}>
        {() => null}
      </Asked>
    </Page>
  );
}

function Writing<R extends Row, F extends object>({
  kept,
  form,
  tabs = [],
  seen,
}: Props<R, F> & { seen: Seen<R> | null }) {
  const { t } = useTranslation();
  const router = useRouter();
  const may = useMay('operator');
  const writing = useWriting(kept, seen);
  // An empty form is not scolded before somebody has written into it.
  const checked = useChecked(kept, writing.fields, writing.dirty || seen !== null);
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [clash, setClash] = useState<Seen<R> | null>(null);
  const [busy, setBusy] = useState(false);
  const deleted = seen?.row.deleted_at ?? null;

  async function save() {
    setBusy(true);
    setRefused({});
    try {
      const saved = await writing.save();
      if ('clash' in saved) return setClash(saved.clash);
      tell(t('kept.saved'));
      touch(kept.topic);
      if (!seen) router.history.replace(`${kept.place}/${saved.id}`);
    } catch (error) {
      setRefused(fieldErrors(error));
      tellError(t, error);
    } finally {
      setBusy(false);
    }
  }

  const props: FormProps<F> = {
    fields: writing.fields,
    set: writing.set,
    problems: { ...checked, ...refused },
    readOnly: !may || deleted !== null,
    id: seen?.row.id ?? null,
  };
  const all = [
    { id: 'form', label: t(`kept.tab_form`), content: form(props) },
    ...tabs.map((tab) => ({
      id: tab.id,
      label: t(`kept.tab_${tab.id}`),
      content: tab.content(props),
    })),
    ...(seen
      ? [
          {
            id: 'versions',
            label: t('kept.tab_versions', { count: seen.row.version }),
            content: <Versions kept={kept} seen={seen} />,
          },
        ]
      : []),
  ];
  return (
    <Page
      title={seen ? kept.nameOf(seen.row) : t(`${kept.noun}.new`)}
      description={t(`${kept.noun}.description`)}
      actions={
        <Buttons
          dirty={writing.dirty}
          readOnly={props.readOnly}
          busy={busy}
          onDrop={writing.drop}
          onSave={() => void save()}
        >
          {seen && <Removal kept={kept} seen={seen} />}
        </Buttons>
      }
    >
      <SpaceBetween size="l">
        {deleted && (
          <Alert type="warning" header={t('kept.deleted')}>
            <Time at={deleted} />
          </Alert>
        )}
        <Tabs tabs={all} ariaLabel={t(`${kept.noun}.description`)} />
      </SpaceBetween>
      {clash && (
        <Conflict
          was={writing.base}
          theirs={kept.fieldsOf(clash.row)}
          mine={writing.fields}
          onEnd={() => setClash(null)}
          onChoose={(keepMine) => {
            writing.goOnFrom(clash, keepMine);
            setClash(null);
          }}
        />
      )}
    </Page>
  );
}

interface ButtonsProps {
  dirty: boolean;
  readOnly: boolean;
  busy: boolean;
  onDrop: () => void;
  onSave: () => void;
  children: ReactNode;
}

function Buttons({ dirty, readOnly, busy, onDrop, onSave, children }: ButtonsProps) {
  const { t } = useTranslation();
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      {dirty && <Badge color="blue">{t('kept.dirty')}</Badge>}
      {children}
      {!readOnly && dirty && <Button onClick={onDrop}>{t('kept.drop')}</Button>}
      {!readOnly && (
        <Button variant="primary" loading={busy} disabled={!dirty} onClick={onSave}>
          {t('common.save')}
        </Button>
      )}
    </SpaceBetween>
  );
}

function Removal<R extends Row, F extends object>({
  kept,
  seen,
}: {
  kept: Kept<R, F>;
  seen: Seen<R>;
}) {
  const { t } = useTranslation();
  const isAdmin = useMay('admin');
  const router = useRouter();
  const [asked, setAsked] = useState(false);
  if (!isAdmin) return null;
  const action = seen.row.deleted_at ? 'restore' : 'remove';
  return (
    <>
      <Button onClick={() => setAsked(true)}>{t(`kept.${action}`)}</Button>
      {asked && (
        <Confirm
          title={`${t(`kept.${action}`)} · ${kept.nameOf(seen.row)}`}
          words={t(`kept.${action}_words`)}
          button={t(`kept.${action}`)}
          onEnd={() => setAsked(false)}
          onDo={async () => {
            if (action === 'restore') await kept.restore(seen.row.id);
            else await kept.remove(seen.row.id, seen.tag);
            tell(t(`kept.${action}_done`));
            touch(kept.topic);
            if (action === 'remove') router.history.push(kept.place);
          }}
        />
      )}
    </>
  );
}
