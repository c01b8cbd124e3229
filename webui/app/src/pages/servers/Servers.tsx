/** The servers, their minions, and when each was last seen. */
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useTranslation } from 'react-i18next';
import { listServers, type Server } from '@/api/client';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { useAddress } from '../address';
import { SERVERS } from '../fields';

export default function Servers() {
  const { t } = useTranslation();
  return (
    <Page title={t('list.servers.title')} description={t('list.servers.description')}>
      <Listing<Server>
        name="servers"
        topic="servers"
        ask={(query, signal) => listServers({ query, signal })}
        columns={useColumns()}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => row.server_id}
        fields={SERVERS}
        search={useAddress()}
        texts
      />
    </Page>
  );
}

function useColumns(): readonly Column<Server>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'server_id',
      cell: (row) => (
        <Link to={`/servers/${encodeURIComponent(row.server_id)}`}>{row.server_id}</Link>
      ),
      rowHeader: true,
      width: 240,
    },
    {
      id: 'minion_id',
      cell: (row) =>
        row.minion_id ?? <StatusIndicator type="warning">{t('server.no_minion')}</StatusIndicator>,
      width: 240,
    },
    { id: 'os', cell: (row) => row.os || '–', width: 160 },
    { id: 'seen_at', cell: (row) => <Time at={row.seen_at} />, width: 230 },
    {
      id: 'contested_by',
      cell: (row) =>
        row.contested_by ? <StatusIndicator type="error">{row.contested_by}</StatusIndicator> : '–',
      width: 200,
    },
  ];
}
