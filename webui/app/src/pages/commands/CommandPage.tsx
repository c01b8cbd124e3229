/** One command: its script, checked by its interpreter while it is written. */
import Container from '@cloudscape-design/components/container';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import {
  checkCommand,
  createCommand,
  deleteCommand,
  diffCommand,
  getCommand,
  getCommandVersion,
  listCommandVersions,
  restoreCommand,
  revertCommand,
  updateCommand,
  type Command,
  type CommandType,
} from '@/api/client';
import { Foreign } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { COMMAND_TYPES } from '../fields';
import type { Kept } from '../kept/kept';
import { KeptPage, type FormProps } from '../kept/KeptPage';

type Fields = Pick<Command, 'command_name' | 'target_service' | 'command_type' | 'command_script'>;

const path = (id: number) => ({ path: { command_id: id } });

const COMMAND: Kept<Command, Fields> = {
  noun: 'command',
  topic: 'commands',
  place: '/commands',
  nameOf: (row) => row.command_name,
  fieldsOf: ({ command_name, target_service, command_type, command_script }) => ({
    command_name,
    target_service,
    command_type,
    command_script,
  }),
  empty: { command_name: '', target_service: '', command_type: 'status', command_script: '' },
  get: (id) => getCommand(path(id)),
  create: (body) => createCommand({ body }),
  update: (id, tag, body) => updateCommand({ ...path(id), body, headers: { 'If-Match': tag } }),
  check: (body) => checkCommand({ body }),
  remove: (id, tag) => deleteCommand({ ...path(id), headers: { 'If-Match': tag } }),
  restore: (id) => restoreCommand(path(id)),
  versions: (id) => listCommandVersions(path(id)),
  diff: (id, before, after) => diffCommand({ ...path(id), query: { before, after } }),
  version: (id, number) => getCommandVersion({ path: { ...path(id).path, number } }),
  revert: (id, tag, to) =>
    revertCommand({ ...path(id), body: { to }, headers: { 'If-Match': tag } }),
};

export default function CommandPage() {
  return <KeptPage kept={COMMAND} form={(props) => <CommandForm {...props} />} />;
}

function CommandForm({ fields, set, problems, readOnly }: FormProps<Fields>) {
  const { t } = useTranslation();
  const types = COMMAND_TYPES.map((value) => ({
    value,
    label: t(`commandType.${value}`),
    description: t(`commandType.${value}_more`),
  }));
  return (
    <Container>
      <SpaceBetween size="m">
        <ColumnLayout columns={3}>
          <FormField label={t('column.command_name')} errorText={problems.command_name}>
            <Input
              value={fields.command_name}
              readOnly={readOnly}
              onChange={({ detail }) => set({ command_name: detail.value })}
            />
          </FormField>
          <FormField label={t('column.target_service')} errorText={problems.target_service}>
            <Input
              value={fields.target_service}
              readOnly={readOnly}
              onChange={({ detail }) => set({ target_service: detail.value })}
            />
          </FormField>
          <FormField label={t('column.command_type')} errorText={problems.command_type}>
            <Select
              selectedOption={types.find((one) => one.value === fields.command_type) ?? null}
              options={types}
              readOnly={readOnly}
              onChange={({ detail }) =>
                set({ command_type: detail.selectedOption.value as CommandType })
              }
            />
          </FormField>
        </ColumnLayout>
        <FormField
          label={t('column.command_script')}
          description={t('command.script_more')}
          errorText={problems.command_script && <Foreign text={problems.command_script} />}
          stretch
        >
          <Code
            value={fields.command_script}
            label={t('column.command_script')}
            language="shell"
            tall
            wrong={problems.command_script}
            onChange={readOnly ? undefined : (text) => set({ command_script: text })}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}
