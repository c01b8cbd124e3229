/** Runbooks that the model has drafted, what became of them, and making a runbook of one. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useNavigate, useRouter } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getDraft, listDrafts, promoteDraft, type Draft } from '@/api/client';
import { Aside } from '@/app/aside';
import { useMay } from '@/auth/roles';
import { word } from '@/i18n';
import { touch } from '@/live/current';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { Link } from '@/ui/Link';
import { Listing, type Column } from '@/ui/Listing';
import { Asked, Page } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { Word } from '@/ui/words';
import { useAddress } from '../address';
import { indented } from '../advice/answer';
import { DRAFTS } from '../fields';

export default function Drafts() {
  const { t } = useTranslation();
  const search = useAddress();
  const navigate = useNavigate();
  const open = (id?: number) => void navigate({ to: '.', search: { ...search, id } as never });
  return (
    <Page title={t('list.drafts.title')} description={t('list.drafts.description')}>
      <Listing<Draft>
        name="drafts"
        topic="drafts"
        ask={(query, signal) => listDrafts({ query, signal })}
        columns={useColumns(open)}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => row.title}
        fields={DRAFTS}
        search={search}
        seen={(rows) => ({ service_type: [...new Set(rows.map((row) => row.service_type))] })}
      />
      {search.id !== undefined && (
        <Aside header={t('draft.title', { id: search.id })} onClose={() => open()}>
          <Whole id={search.id} />
        </Aside>
      )}
    </Page>
  );
}

function useColumns(open: (id: number) => void): readonly Column<Draft>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'title',
      cell: (row) => (
        <Button variant="inline-link" onClick={() => open(row.id)}>
          {row.title}
        </Button>
      ),
      rowHeader: true,
      width: 300,
    },
    { id: 'state', cell: (row) => <Word kind="draftState" value={row.state} />, width: 140 },
    { id: 'service_type', cell: (row) => row.service_type, width: 120 },
    { id: 'risk', cell: (row) => word(t, 'risk', row.risk), width: 100 },
    {
      id: 'of_event',
      cell: (row) =>
        row.cloudwatch_event_id ? (
          <Link to={`/events/${row.cloudwatch_event_id}`}>{`#${row.cloudwatch_event_id}`}</Link>
        ) : (
          '–'
        ),
      width: 110,
    },
    { id: 'made_at', cell: (row) => <Time at={row.made_at} />, width: 230, sort: 'id' },
  ];
}

function Whole({ id }: { id: number }) {
  const { t } = useTranslation();
  const may = useMay('operator');
  const router = useRouter();
  const [asked, setAsked] = useState(false);
  const found = useQuery({
    queryKey: ['drafts', 'one', id],
    queryFn: async ({ signal }) => (await getDraft({ path: { draft_id: id }, signal })).data,
  });
  return (
    <Asked query={found}>
      {(draft) => (
        <SpaceBetween size="m">
          <SpaceBetween direction="horizontal" size="m" alignItems="center">
            <Word kind="draftState" value={draft.state} />
            {may && draft.state === 'verified' && (
              <Button onClick={() => setAsked(true)}>{t('draft.promote')}</Button>
            )}
            {draft.runbook_id !== null && (
              <Link to={`/runbooks/${draft.runbook_id}`}>{t('draft.runbook')}</Link>
            )}
            <Link to={`/advice/${draft.advice_id}`}>{t('draft.advice')}</Link>
            {draft.execution_id !== null && (
              <Link to={`/executions/${draft.execution_id}`}>{t('draft.execution')}</Link>
            )}
          </SpaceBetween>
          <Box color="text-body-secondary">{t('draft.foreign')}</Box>
          <Code value={indented(draft.content)} label={draft.title} wrap />
          {asked && (
            <Confirm
              title={t('draft.promote')}
              words={t('draft.promote_words')}
              button={t('draft.promote')}
              onEnd={() => setAsked(false)}
              onDo={async () => {
                const about = { path: { draft_id: id }, body: { mode: 'ask' as const } };
                const { runbook_id } = (await promoteDraft(about)).data;
                touch('drafts', 'runbooks');
                router.history.push(`/runbooks/${runbook_id}`);
              }}
            />
          )}
        </SpaceBetween>
      )}
    </Asked>
  );
}
