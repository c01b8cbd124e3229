/** Keys of machines; for admins. */
import Button from '@cloudscape-design/components/button';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { listApiKeys, revokeApiKey, type ApiKey, type KeyMade } from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { word } from '@/i18n';
import { touch } from '@/live/current';
import { Recent, Time, useNow } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { daysLeft, WARNED_DAYS } from './expiry';
import { KeyForm } from './KeyForm';
import { Once } from './Once';

export default function Keys() {
  const { t } = useTranslation();
  const [adds, setAdds] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  const [made, setMade] = useState<KeyMade | null>(null);
  return (
    <Page
      title={t('list.keys.title')}
      description={t('list.keys.description')}
      actions={
        <Button variant="primary" onClick={() => setAdds(true)}>
          {t('key.add')}
        </Button>
      }
    >
      <Listing<ApiKey>
        name="keys"
        topic="api-keys"
        ask={(query, signal) => listApiKeys({ query, signal })}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => row.name}
        columns={useColumns(setRevoked)}
      />
      {adds && <KeyForm onEnd={() => setAdds(false)} onMade={setMade} />}
      {revoked && (
        <Confirm
          title={t('key.revoke_title', { name: revoked.name })}
          words={t('key.revoke_words')}
          button={t('key.revoke')}
          onEnd={() => setRevoked(null)}
          onDo={async () => {
            await revokeApiKey({ path: { key_id: revoked.id } });
            touch('api-keys');
          }}
        />
      )}
      {made && (
        <Once
          title={t('key.once', { name: made.api_key.name })}
          words={t('key.once_words')}
          secret={made.key}
          onEnd={() => setMade(null)}
        />
      )}
    </Page>
  );
}

function useColumns(onRevoke: (key: ApiKey) => void): readonly Column<ApiKey>[] {
  const { t } = useTranslation();
  return [
    { id: 'name', cell: (row) => row.name, rowHeader: true, width: 150 },
    { id: 'prefix', cell: (row) => <span className="mono">{row.prefix}…</span>, width: 120 },
    { id: 'role', cell: (row) => word(t, 'role', row.role), width: 105 },
    {
      id: 'state',
      cell: (row) => <State row={row} />,
      width: 170,
    },
    { id: 'last_used_at', cell: (row) => <Recent at={row.last_used_at} />, width: 120 },
    {
      id: 'expires_at',
      cell: (row) => (row.expires_at ? <Time at={row.expires_at} /> : t('key.never')),
      width: 230,
    },
    { id: 'created_by', cell: (row) => row.created_by, width: 150, extra: true },
    {
      id: 'do',
      cell: (row) =>
        row.revoked_at ? (
          <Recent at={row.revoked_at} />
        ) : (
          <Button onClick={() => onRevoke(row)}>{t('key.revoke')}</Button>
        ),
      width: 130,
    },
  ];
}

/** Whether the key still opens something, and whether that is about to end. */
function State({ row }: { row: ApiKey }) {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  const now = useNow();
  const left = row.expires_at ? daysLeft(row.expires_at, now, zone) : Infinity;
  if (row.revoked_at) return <StatusIndicator type="stopped">{t('key.revoked')}</StatusIndicator>;
  if (left < 0) return <StatusIndicator type="stopped">{t('key.expired')}</StatusIndicator>;
  if (left > WARNED_DAYS) return <StatusIndicator>{t('key.good')}</StatusIndicator>;
  const near = ['key.expires_today', 'key.expires_tomorrow'][left] ?? 'key.expires_in';
  return <StatusIndicator type="warning">{t(near, { count: left })}</StatusIndicator>;
}
