/** A new account, or another role for one that there is. */
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { createUser, getUser, updateUser, type OncePassword, type User } from '@/api/client';
import { fieldErrors } from '@/api/problems';
import { touch } from '@/live/current';
import { Confirm } from '@/ui/Confirm';
import { ROLES } from '../fields';

interface Props {
  user: User | null;
  onEnd: () => void;
  onMade: (made: OncePassword) => void;
}

export function UserForm({ user, onEnd, onMade }: Props) {
  const { t } = useTranslation();
  const [username, setUsername] = useState('');
  const [display_name, setName] = useState(user?.display_name ?? '');
  const [email, setEmail] = useState(user?.email ?? '');
  const [role, setRole] = useState<string>(user?.role ?? 'viewer');
  const [disabled, setDisabled] = useState(user?.disabled_at !== null && user !== null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const options = ROLES.map((value) => ({
    value,
    label: t(`role.${value}`),
    description: t(`role.${value}_may`),
  }));

  async function send() {
    try {
      await save();
      touch('users');
    } catch (error) {
      setWrong(fieldErrors(error));
      throw error;
    }
  }

  async function save() {
    if (!user) {
      const body = { username: username.trim(), role: role as never, display_name, email };
      onMade((await createUser({ body })).data);
      return;
    }
    // What is changed is what the person saw: the tag says which version that was.
    const path = { user_id: user.id };
    const seen = await getUser({ path });
    const headers = { 'If-Match': seen.response.headers.get('ETag') ?? '' };
    await updateUser({
      path,
      headers,
      body: { role: role as never, display_name, email, disabled },
    });
  }

  return (
    <Confirm
      title={user ? t('user.change', { name: user.username }) : t('user.add')}
      button={t('common.save')}
      onEnd={onEnd}
      onDo={send}
      words={
        <SpaceBetween size="m">
          {!user && (
            <FormField
              label={t('column.username')}
              errorText={wrong.username}
              constraintText={t('user.name_rule')}
            >
              <Input
                value={username}
                autoFocus
                onChange={({ detail }) => setUsername(detail.value)}
              />
            </FormField>
          )}
          <FormField label={t('column.display_name')} errorText={wrong.display_name}>
            <Input value={display_name} onChange={({ detail }) => setName(detail.value)} />
          </FormField>
          <FormField label={t('column.email')} errorText={wrong.email}>
            <Input
              value={email}
              inputMode="email"
              onChange={({ detail }) => setEmail(detail.value)}
            />
          </FormField>
          <FormField label={t('column.role')} errorText={wrong.role}>
            <Select
              selectedOption={options.find((one) => one.value === role) ?? null}
              options={options}
              onChange={({ detail }) => setRole(detail.selectedOption.value ?? role)}
            />
          </FormField>
          {user && (
            <Toggle checked={disabled} onChange={({ detail }) => setDisabled(detail.checked)}>
              {t('user.disable')}
            </Toggle>
          )}
        </SpaceBetween>
      }
    />
  );
}
