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

interface Draft {
  display_name: string;
  email: string;
  slack_id: string;
  role: string;
  disabled: boolean;
}

function draftOf(user: User | null): Draft {
  if (!user) return { display_name: '', email: '', slack_id: '', role: 'viewer', disabled: false };
  const { display_name, email, slack_id, role, disabled_at } = user;
  return { display_name, email, slack_id: slack_id ?? '', role, disabled: disabled_at !== null };
}

export function UserForm({ user, onEnd, onMade }: Props) {
  const { t } = useTranslation();
  const [username, setUsername] = useState('');
  const [draft, setDraft] = useState(() => draftOf(user));
  const change = (some: Partial<Draft>) => setDraft({ ...draft, ...some });
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
      const { role, display_name, email } = draft;
      const body = { username: username.trim(), role: role as never, display_name, email };
      onMade((await createUser({ body })).data);
      return;
    }
    // What is changed is what the person saw: the tag says which version that was.
    const path = { user_id: user.id };
    const seen = await getUser({ path });
    const headers = { 'If-Match': seen.response.headers.get('ETag') ?? '' };
    const body = { ...draft, role: draft.role as never, slack_id: draft.slack_id || null };
    await updateUser({ path, headers, body });
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
            <Input
              value={draft.display_name}
              onChange={({ detail }) => change({ display_name: detail.value })}
            />
          </FormField>
          <FormField label={t('column.email')} errorText={wrong.email}>
            <Input
              value={draft.email}
              inputMode="email"
              onChange={({ detail }) => change({ email: detail.value })}
            />
          </FormField>
          {user && (
            <SlackField
              value={draft.slack_id}
              wrong={wrong.slack_id}
              onChange={(slack_id) => change({ slack_id })}
            />
          )}
          <FormField label={t('column.role')} errorText={wrong.role}>
            <Select
              selectedOption={options.find((one) => one.value === draft.role) ?? null}
              options={options}
              onChange={({ detail }) => change({ role: detail.selectedOption.value ?? draft.role })}
            />
          </FormField>
          {user && (
            <Toggle
              checked={draft.disabled}
              onChange={({ detail }) => change({ disabled: detail.checked })}
            >
              {t('user.disable')}
            </Toggle>
          )}
        </SpaceBetween>
      }
    />
  );
}

interface SlackProps {
  value: string;
  wrong: string | undefined;
  onChange: (value: string) => void;
}

/** Whom somebody is in Slack, and where that is found. */
function SlackField({ value, wrong, onChange }: SlackProps) {
  const { t } = useTranslation();
  return (
    <FormField
      label={t('column.slack_id')}
      description={t('user.slack_words')}
      constraintText={t('user.slack_where')}
      errorText={wrong}
    >
      <Input
        value={value}
        placeholder="U024BE7LH"
        onChange={({ detail }) => onChange(detail.value.trim().toUpperCase())}
      />
    </FormField>
  );
}
