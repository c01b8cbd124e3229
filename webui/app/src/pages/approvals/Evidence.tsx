/** What an approver goes by: what the minion would change, where it goes, how it went last time. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useQueries } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { getServer, type ApprovalWhole, type Execution } from '@/api/client';
import { word } from '@/i18n';
import { Time, Took } from '@/time/Time';
import { secondsBetween } from '@/time/time';
import { Link } from '@/ui/Link';
import { Foreign, Nothing, Skeleton } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { Word } from '@/ui/words';
import { Result } from '../executions/Executions';
import { Strip } from '../servers/Strip';
import { diffsIn, readPreview } from './preview';

interface EvidenceProps {
  preview: string | null;
  previewedAt: string | null;
}

export function Evidence({ preview, previewedAt }: EvidenceProps) {
  const { t } = useTranslation();
  const found = readPreview(preview);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            previewedAt ? (
              <>
                {t('preview.at')} <Time at={previewedAt} />
              </>
            ) : (
              t('preview.description')
            )
          }
        >
          {t('preview.title')}
        </Header>
      }
    >
      {!found ? (
        <StatusIndicator type="pending">{t('preview.missing')}</StatusIndicator>
      ) : (
        <SpaceBetween size="s">
          <SpaceBetween direction="horizontal" size="m">
            {found.serviceUp !== null && (
              <StatusIndicator type={found.serviceUp ? 'success' : 'error'}>
                {t(found.serviceUp ? 'preview.up' : 'preview.down')}
              </StatusIndicator>
            )}
            {Object.entries(found.changes).map(([what, count]) => (
              <Box key={what}>
                {t(`preview.${what}`, { count, defaultValue: `${what}: ${count}` })}
              </Box>
            ))}
          </SpaceBetween>
          <Box>
            {word(t, 'verdict', found.verdict)} <Foreign text={found.message} />
          </Box>
          {found.output && <Would output={found.output} />}
        </SpaceBetween>
      )}
    </Container>
  );
}

/** What would become of files first; the rest of what Salt says is there when one wants it. */
function Would({ output }: { output: string }) {
  const { t } = useTranslation();
  const diffs = diffsIn(output);
  const whole = <Code value={output} label={t('preview.title')} wrap />;
  if (!diffs.length) return whole;
  return (
    <SpaceBetween size="s">
      {diffs.map(({ name, diff }, place) => {
        const label = t('preview.diff_of', { name });
        return (
          <div key={place}>
            <Box variant="awsui-key-label">{label}</Box>
            <Code value={diff} label={label} language="diff" wrap />
          </div>
        );
      })}
      <ExpandableSection headerText={t('preview.whole')}>{whole}</ExpandableSection>
    </SpaceBetween>
  );
}

/** All servers it goes to, each with how it has fared lately. */
export function Targets({ whole }: { whole: ApprovalWhole }) {
  const { t } = useTranslation();
  const { servers } = whole.approval;
  const found = useQueries({
    queries: servers.map((server_id) => ({
      queryKey: ['servers', 'one', server_id],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await getServer({ path: { server_id }, signal })).data,
    })),
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={`(${servers.length})`}
          description={t('approval.targets_more')}
        >
          {t('approval.targets')}
        </Header>
      }
    >
      <SpaceBetween size="m">
        {servers.map((server, place) => (
          <SpaceBetween key={server} size="xxs">
            <Box>
              <Link to={`/servers/${encodeURIComponent(server)}`}>{server}</Link>{' '}
              {found[place]?.data?.server.minion_id} {found[place]?.data?.services.join(', ')}
            </Box>
            {found[place]?.isPending && <Skeleton lines={1} />}
            {found[place]?.data && <Strip hours={found[place].data.hours} />}
          </SpaceBetween>
        ))}
      </SpaceBetween>
    </Container>
  );
}

export function History({ runs }: { runs: readonly Execution[] }) {
  const { t } = useTranslation();
  return (
    <Table
      variant="container"
      items={runs}
      trackBy="id"
      contentDensity="compact"
      header={
        <Header variant="h2" description={t('approval.last_more')}>
          {t('approval.last')}
        </Header>
      }
      empty={<Nothing words={t('approval.first_time')} />}
      columnDefinitions={[
        {
          id: 'id',
          header: t('column.execution'),
          isRowHeader: true,
          cell: (run) => <Link to={`/executions/${run.id}`}>{`#${run.id}`}</Link>,
        },
        { id: 'at', header: t('column.planned_at'), cell: (run) => <Time at={run.planned_at} /> },
        {
          id: 'state',
          header: t('column.state'),
          cell: (run) => <Word kind="state" value={run.state} />,
        },
        { id: 'result', header: t('column.result'), cell: (run) => <Result run={run} /> },
        {
          id: 'took',
          header: t('column.took'),
          cell: (run) => <Took seconds={secondsBetween(run.started_at, run.finished_at)} />,
        },
      ]}
    />
  );
}
