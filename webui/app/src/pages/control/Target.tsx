/** What a halt or a window is on: everything, a service, a server or a minion. */
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';

export const TARGET_KINDS = ['service', 'server', 'minion'] as const;

/** `*` where nothing is named. */
export function targetOf(kind: string, name: string): string {
  return kind === '*' ? '*' : `${kind}:${name.trim()}`;
}

interface Props {
  kind: string;
  name: string;
  onChange: (kind: string, name: string) => void;
  error?: string;
}

export function TargetInput({ kind, name, onChange, error }: Props) {
  const { t } = useTranslation();
  const options = ['*', ...TARGET_KINDS].map((value) => ({
    value,
    label: value === '*' ? t('target.all') : t(`target.kind_${value}`),
  }));
  return (
    <SpaceBetween size="s">
      <FormField label={t('target.on')} errorText={kind === '*' ? error : undefined}>
        <Select
          selectedOption={options.find((one) => one.value === kind) ?? null}
          options={options}
          onChange={({ detail }) => onChange(detail.selectedOption.value ?? '*', name)}
        />
      </FormField>
      {kind !== '*' && (
        <FormField label={t('target.name')} errorText={error}>
          <Input value={name} onChange={({ detail }) => onChange(kind, detail.value)} />
        </FormField>
      )}
    </SpaceBetween>
  );
}
