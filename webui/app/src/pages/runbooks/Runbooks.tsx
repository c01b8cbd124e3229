/** Runbooks: which fix belongs to which message. */
import { useTranslation } from 'react-i18next';
import { listRunbooks, type Runbook } from '@/api/client';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Listing } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { ModeBadge } from '@/ui/words';
import { useAddress } from '../address';
import { RUNBOOKS } from '../fields';
import { Above, Shelf } from '../kept/Above';

export default function Runbooks() {
  const { t } = useTranslation();
  const search = useAddress();
  return (
    <Page
      title={t('list.runbooks.title')}
      description={t('list.runbooks.description')}
      actions={<Above place="/runbooks" words={t('runbook.new')} />}
    >
      <SpaceBetween size="m">
        <Shelf />
        <Listing<Runbook>
          name="runbooks"
          topic="runbooks"
          ask={(query, signal) => listRunbooks({ query, signal })}
          keyOf={(row) => String(row.id)}
          labelOf={(row) => row.title}
          fields={RUNBOOKS}
          search={search}
          texts
          seen={(rows) => ({ service_type: [...new Set(rows.map((row) => row.service_type))] })}
          columns={[
            {
              id: 'title',
              cell: (row) => <Link to={`/runbooks/${row.id}`}>{row.title}</Link>,
              rowHeader: true,
              width: 280,
            },
            { id: 'service_type', cell: (row) => row.service_type, width: 120 },
            { id: 'mode', cell: (row) => <ModeBadge value={row.mode} />, width: 130 },
            {
              id: 'enabled',
              cell: (row) => (
                <StatusIndicator type={row.enabled ? 'success' : 'stopped'}>
                  {t(row.enabled ? 'runbook.on' : 'runbook.off')}
                </StatusIndicator>
              ),
              width: 110,
            },
            {
              id: 'error_pattern',
              cell: (row) => <span className="mono">{row.error_pattern || t('runbook.any')}</span>,
              width: 260,
            },
            { id: 'solution_kind', cell: (row) => word(t, 'kind', row.solution_kind), width: 150 },
            { id: 'priority', cell: (row) => row.priority, width: 100 },
            { id: 'updated_at', cell: (row) => <Time at={row.updated_at} />, width: 230 },
            {
              id: 'deleted_at',
              cell: (row) => <Time at={row.deleted_at} />,
              width: 230,
              extra: true,
            },
            { id: 'updated_by', cell: (row) => row.updated_by, width: 140, extra: true },
          ]}
        />
      </SpaceBetween>
    </Page>
  );
}
