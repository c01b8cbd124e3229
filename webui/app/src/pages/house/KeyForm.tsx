/** A new key: whose it is, what it may do, and how long it is good. */
import DatePicker from '@cloudscape-design/components/date-picker';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { createApiKey, type KeyMade, type Role } from '@/api/client';
import { fieldErrors, Problem } from '@/api/problems';
import { usePreferences } from '@/app/preferences';
import { touch } from '@/live/current';
import { zoneName } from '@/time/time';
import { Confirm } from '@/ui/Confirm';
import { dayOf, endOf, usualDay, wrongDay } from './expiry';

interface Props {
  onEnd: () => void;
  onMade: (made: KeyMade) => void;
}

const KEY_ROLES = ['ingest', 'viewer', 'operator', 'admin'] as const;

export function KeyForm({ onEnd, onMade }: Props) {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  const [name, setName] = useState('');
  const [role, setRole] = useState<string>('ingest');
  const [ends, setEnds] = useState('date');
  const [day, setDay] = useState(() => usualDay(new Date(), zone));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const options = KEY_ROLES.map((value) => ({
    value,
    label: t(`role.${value}`),
    description: t(`role.${value}_may`),
  }));

  async function send() {
    const fault = ends === 'date' ? wrongDay(day, new Date(), zone) : null;
    if (fault) {
      setWrong({ expires_at: t(fault) });
      throw new Problem({ status: 422, code: 'invalid' });
    }
    const expires_at = ends === 'date' ? endOf(day, zone) : null;
    try {
      const body = { name: name.trim(), role: role as Role, expires_at };
      onMade((await createApiKey({ body })).data);
      touch('api-keys');
    } catch (error) {
      setWrong(fieldErrors(error));
      throw error;
    }
  }

  return (
    <Confirm
      title={t('key.add')}
      button={t('key.add')}
      onEnd={onEnd}
      onDo={send}
      words={
        <SpaceBetween size="m">
          <FormField
            label={t('column.name')}
            constraintText={t('user.name_rule')}
            errorText={wrong.name}
          >
            <Input value={name} autoFocus onChange={({ detail }) => setName(detail.value)} />
          </FormField>
          <FormField label={t('column.role')} errorText={wrong.role}>
            <Select
              selectedOption={options.find((one) => one.value === role) ?? null}
              options={options}
              onChange={({ detail }) => setRole(detail.selectedOption.value ?? role)}
            />
          </FormField>
          <FormField label={t('key.expiry')} description={t('key.expiry_choose')} stretch>
            <RadioGroup
              value={ends}
              onChange={({ detail }) => setEnds(detail.value)}
              items={(['date', 'never'] as const).map((value) => ({
                value,
                label: t(`key.expiry_${value}`),
                description: t(`key.expiry_${value}_more`),
              }))}
            />
          </FormField>
          {ends === 'date' && (
            <FormField
              label={t('key.last_day', { zone: zoneName(zone) })}
              constraintText={t('key.last_day_more')}
              errorText={wrong.expires_at}
            >
              <DatePicker
                value={day}
                isDateEnabled={(date) => dayOf(date, 'local') >= dayOf(new Date(), zone)}
                openCalendarAriaLabel={() => t('key.calendar')}
                onChange={({ detail }) => setDay(detail.value)}
              />
            </FormField>
          )}
        </SpaceBetween>
      }
    />
  );
}
