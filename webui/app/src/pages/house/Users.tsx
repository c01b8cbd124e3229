/** People and their roles; for admins. */
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { listUsers, resetPassword, type OncePassword, type User } from '@/api/client';
import { word } from '@/i18n';
import { touch } from '@/live/current';
import { Time } from '@/time/Time';
import { Confirm } from '@/ui/Confirm';
import { Listing, type Column } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { useAddress } from '../address';
import { USERS } from '../fields';
import { Once } from './Once';
import { UserForm } from './UserForm';

export default function Users() {
  const { t } = useTranslation();
  const [edited, setEdited] = useState<User | 'new' | null>(null);
  const [reset, setReset] = useState<User | null>(null);
  const [made, setMade] = useState<OncePassword | null>(null);
  return (
    <Page
      title={t('list.users.title')}
      description={t('list.users.description')}
      actions={
        <Button variant="primary" onClick={() => setEdited('new')}>
          {t('user.add')}
        </Button>
      }
    >
      <Listing<User>
        name="users"
        topic="users"
        ask={(query, signal) => listUsers({ query, signal })}
        keyOf={(row) => String(row.id)}
        labelOf={(row) => row.username}
        fields={USERS}
        search={useAddress()}
        columns={useColumns(setEdited, setReset)}
      />
      {edited && (
        <UserForm
          user={edited === 'new' ? null : edited}
          onEnd={() => setEdited(null)}
          onMade={setMade}
        />
      )}
      {reset && (
        <Confirm
          title={t('user.reset_title', { name: reset.username })}
          words={t('user.reset_words')}
          button={t('user.reset')}
          onEnd={() => setReset(null)}
          onDo={async () => {
            setMade((await resetPassword({ path: { user_id: reset.id } })).data);
            touch('users');
          }}
        />
      )}
      {made && (
        <Once
          title={t('user.once', { name: made.user.username })}
          words={t('user.once_words')}
          secret={made.password}
          onEnd={() => setMade(null)}
        />
      )}
    </Page>
  );
}

function useColumns(
  onEdit: (user: User) => void,
  onReset: (user: User) => void,
): readonly Column<User>[] {
  const { t } = useTranslation();
  return [
    { id: 'username', cell: (row) => row.username, rowHeader: true, width: 120 },
    { id: 'display_name', cell: (row) => row.display_name || '–', width: 120 },
    { id: 'role', cell: (row) => word(t, 'role', row.role), width: 100 },
    {
      id: 'state',
      cell: (row) => (
        <StatusIndicator type={row.disabled_at ? 'stopped' : 'success'}>
          {t(row.disabled_at ? 'user.disabled' : 'user.enabled')}
        </StatusIndicator>
      ),
      width: 110,
    },
    { id: 'last_signed_in_at', cell: (row) => <Time at={row.last_signed_in_at} />, width: 220 },
    { id: 'slack_id', cell: (row) => row.slack_id ?? '–', width: 160 },
    { id: 'email', cell: (row) => row.email || '–', width: 200, extra: true },
    { id: 'created_at', cell: (row) => <Time at={row.created_at} />, width: 230, extra: true },
    {
      id: 'do',
      cell: (row) => (
        <SpaceBetween direction="horizontal" size="m">
          <Button variant="inline-link" onClick={() => onEdit(row)}>
            {t('common.change')}
          </Button>
          <Button variant="inline-link" onClick={() => onReset(row)}>
            {t('user.reset')}
          </Button>
        </SpaceBetween>
      ),
      width: 210,
    },
  ];
}
