/** Who did what, when; nothing of it can be changed. */
import { useTranslation } from 'react-i18next';
import { listAudit, type AuditEntry } from '@/api/client';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Listing } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { useAddress } from '../address';
import { AUDIT } from '../fields';

export default function Audit() {
  const { t } = useTranslation();
  const seen = (rows: readonly AuditEntry[], name: 'actor' | 'action' | 'subject') => [
    ...new Set(rows.map((row) => row[name])),
  ];
  return (
    <Page title={t('list.audit.title')} description={t('list.audit.description')}>
      <Listing<AuditEntry>
        name="audit"
        topic="audit"
        ask={(query, signal) => listAudit({ query, signal })}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => String(row.id)}
        fields={AUDIT}
        search={useAddress()}
        dated
        seen={(rows) => ({
          actor: seen(rows, 'actor'),
          action: seen(rows, 'action'),
          subject: seen(rows, 'subject'),
        })}
        columns={[
          {
            id: 'noted_at',
            cell: (row) => <Time at={row.noted_at} />,
            width: 230,
            sort: 'noted_at',
            rowHeader: true,
          },
          { id: 'actor', cell: (row) => row.actor, width: 170 },
          { id: 'action', cell: (row) => word(t, 'audit', row.action), width: 200 },
          { id: 'subject', cell: (row) => row.subject, width: 200 },
          { id: 'detail', cell: (row) => row.detail, width: 380 },
          { id: 'times', cell: (row) => row.times, width: 90, extra: true },
        ]}
      />
    </Page>
  );
}
