/** Keys of machines; for admins. */
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  createApiKey,
  listApiKeys,
  revokeApiKey,
  type ApiKey,
  type KeyMade,
  type Role,
} from '@/api/client';
import { word } from '@/i18n';
import { touch } from '@/live/current';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
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
      {adds && <Add onEnd={() => setAdds(false)} onMade={setMade} />}
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
    { id: 'name', cell: (row) => row.name, rowHeader: true, width: 180 },
    { id: 'prefix', cell: (row) => <span className="mono">{row.prefix}…</span>, width: 140 },
    { id: 'role', cell: (row) => word(t, 'role', row.role), width: 130 },
    {
      id: 'state',
      cell: (row) => (
        <StatusIndicator type={row.revoked_at ? 'stopped' : 'success'}>
          {t(row.revoked_at ? 'key.revoked' : 'key.good')}
        </StatusIndicator>
      ),
      width: 130,
    },
    { id: 'last_used_at', cell: (row) => <Time at={row.last_used_at} />, width: 230 },
    { id: 'expires_at', cell: (row) => <Time at={row.expires_at} />, width: 230 },
    { id: 'created_by', cell: (row) => row.created_by, width: 150, extra: true },
    {
      id: 'do',
      cell: (row) =>
        row.revoked_at ? (
          <Time at={row.revoked_at} />
        ) : (
          <Button onClick={() => onRevoke(row)}>{t('key.revoke')}</Button>
        ),
      width: 230,
    },
  ];
}

interface AddProps {
  onEnd: () => void;
  onMade: (made: KeyMade) => void;
}

const KEY_ROLES = ['ingest', 'viewer', 'operator', 'admin'] as const;

function Add({ onEnd, onMade }: AddProps) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [role, setRole] = useState<string>('ingest');
  const options = KEY_ROLES.map((value) => ({
    value,
    label: t(`role.${value}`),
    description: t(`role.${value}_may`),
  }));
  return (
    <Confirm
      title={t('key.add')}
      button={t('key.add')}
      onEnd={onEnd}
      onDo={async () => {
        onMade((await createApiKey({ body: { name: name.trim(), role: role as Role } })).data);
        touch('api-keys');
      }}
      words={
        <SpaceBetween size="m">
          <FormField label={t('column.name')} constraintText={t('user.name_rule')}>
            <Input value={name} autoFocus onChange={({ detail }) => setName(detail.value)} />
          </FormField>
          <FormField label={t('column.role')}>
            <Select
              selectedOption={options.find((one) => one.value === role) ?? null}
              options={options}
              onChange={({ detail }) => setRole(detail.selectedOption.value ?? role)}
            />
          </FormField>
        </SpaceBetween>
      }
    />
  );
}
