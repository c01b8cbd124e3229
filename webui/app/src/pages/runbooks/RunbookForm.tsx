/** The fields of a runbook, each with what is wrong with it as soon as the server knows. */
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import Tiles from '@cloudscape-design/components/tiles';
import Toggle from '@cloudscape-design/components/toggle';
import { useTranslation } from 'react-i18next';
import type { RunbookMode, SolutionKind } from '@/api/client';
import { Foreign } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { KINDS, MODES } from '../fields';
import type { FormProps } from '../kept/KeptPage';
import { numberOf, type Fields } from './fields';

type Props = FormProps<Fields>;

export function RunbookForm(props: Props) {
  return (
    <SpaceBetween size="l">
      <Trust {...props} />
      <Fits {...props} />
      <Does {...props} />
    </SpaceBetween>
  );
}

/** How far it is trusted: the step that changes what happens at night. */
function Trust({ fields, set, readOnly }: Props) {
  const { t } = useTranslation();
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Toggle
              checked={fields.enabled}
              readOnly={readOnly}
              onChange={({ detail }) => set({ enabled: detail.checked })}
            >
              {t('column.enabled')}
            </Toggle>
          }
        >
          {t('column.mode')}
        </Header>
      }
    >
      <Tiles
        ariaLabel={t('column.mode')}
        value={fields.mode}
        readOnly={readOnly}
        onChange={({ detail }) => set({ mode: detail.value as RunbookMode })}
        items={MODES.map((value) => ({
          value,
          label: t(`mode.${value}`),
          description: t(`mode.${value}_more`),
        }))}
      />
    </Container>
  );
}

function Fits({ fields, set, problems, readOnly }: Props) {
  const { t } = useTranslation();
  return (
    <Container header={<Header variant="h2">{t('runbook.fits')}</Header>}>
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          <FormField label={t('column.title')} errorText={problems.title}>
            <Input
              value={fields.title}
              readOnly={readOnly}
              onChange={({ detail }) => set({ title: detail.value })}
            />
          </FormField>
          <FormField label={t('column.service_type')} errorText={problems.service_type}>
            <Input
              value={fields.service_type}
              readOnly={readOnly}
              onChange={({ detail }) => set({ service_type: detail.value })}
            />
          </FormField>
        </ColumnLayout>
        <FormField
          label={t('column.error_pattern')}
          description={t('runbook.pattern_more')}
          errorText={problems.error_pattern}
          stretch
        >
          <Input
            value={fields.error_pattern}
            readOnly={readOnly}
            spellcheck={false}
            onChange={({ detail }) => set({ error_pattern: detail.value })}
          />
        </FormField>
        <ColumnLayout columns={3}>
          {(['priority', 'attempts', 'retry_seconds'] as const).map((name) => (
            <FormField
              key={name}
              label={t(`column.${name}`)}
              constraintText={t(`runbook.${name}_more`)}
              errorText={problems[name]}
            >
              <Input
                type="number"
                value={fields[name] === null ? '' : String(fields[name])}
                readOnly={readOnly}
                onChange={({ detail }) => {
                  const number = numberOf(detail.value);
                  set({ [name]: name === 'priority' ? (number ?? 0) : number });
                }}
              />
            </FormField>
          ))}
        </ColumnLayout>
      </SpaceBetween>
    </Container>
  );
}

function Does({ fields, set, problems, readOnly }: Props) {
  const { t } = useTranslation();
  const kinds = KINDS.map((value) => ({
    value,
    label: t(`kind.${value}`),
    description: t(`kind.${value}_more`),
  }));
  const { solution_kind: kind } = fields;
  return (
    <Container header={<Header variant="h2">{t('runbook.does')}</Header>}>
      <SpaceBetween size="m">
        <FormField label={t('column.solution_kind')} errorText={problems.solution_kind}>
          <Select
            selectedOption={kinds.find((one) => one.value === kind) ?? null}
            options={kinds}
            readOnly={readOnly}
            onChange={({ detail }) =>
              set({ solution_kind: detail.selectedOption.value as SolutionKind })
            }
          />
        </FormField>
        <FormField
          label={t('column.solution_script')}
          errorText={problems.solution_script && <Foreign text={problems.solution_script} />}
          stretch
        >
          <Code
            value={fields.solution_script}
            label={t('column.solution_script')}
            language={kind === 'state' ? 'plain' : kind}
            wrong={problems.solution_script}
            tall={kind !== 'state'}
            onChange={readOnly ? undefined : (text) => set({ solution_script: text })}
          />
        </FormField>
        <FormField label={t('column.description')} errorText={problems.description} stretch>
          <Textarea
            value={fields.description}
            readOnly={readOnly}
            rows={4}
            onChange={({ detail }) => set({ description: detail.value })}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}
