/** Running a registered command on servers by hand; afterwards one lands where its output comes. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Multiselect from '@cloudscape-design/components/multiselect';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { listCommands, listServers, runCommand } from '@/api/client';
import { word } from '@/i18n';
import { touch } from '@/live/current';
import { Confirm } from '@/ui/Confirm';
import { useShortcut } from '@/ui/keys';
import { Code } from '@/ui/Text';

const MOST_SERVERS = 100;
const OFFERED = 200;

export function RunCommand({ server, service }: { server?: string; service?: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useShortcut('n', 'run.command', () => setOpen(true));
  return (
    <>
      <Button variant="primary" iconName="caret-right-filled" onClick={() => setOpen(true)}>
        {t('run.command')}
      </Button>
      {open && <Dialog server={server} service={service} onEnd={() => setOpen(false)} />}
    </>
  );
}

interface DialogProps {
  server?: string;
  service?: string;
  onEnd: () => void;
}

function Dialog({ server, service, onEnd }: DialogProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const [name, setName] = useState<string | null>(null);
  const [servers, setServers] = useState<readonly string[]>(server ? [server] : []);
  const commands = useQuery({
    queryKey: ['commands', 'choice', service],
    queryFn: async ({ signal }) => {
      const target_service = service ? [service] : undefined;
      return (await listCommands({ signal, query: { limit: OFFERED, target_service } })).data.items;
    },
  });
  const chosen = commands.data?.find((one) => one.command_name === name);

  async function run() {
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const body = { command_name: name ?? '', server_ids: [...servers] };
    const { execution_ids: ids } = (await runCommand({ body, headers })).data;
    touch('executions');
    // Onto the output and not onto a summary: that is what one waits for.
    router.history.push(ids.length === 1 ? `/executions/${ids[0]}` : '/executions');
  }

  return (
    <Confirm
      title={t('run.command')}
      button={t('run.go')}
      onEnd={onEnd}
      onDo={run}
      words={
        <SpaceBetween size="m">
          <FormField label={t('column.command_name')}>
            <Select
              selectedOption={name ? { value: name, label: name } : null}
              options={(commands.data ?? []).map((one) => ({
                value: one.command_name,
                label: one.command_name,
                description: `${one.target_service} · ${word(t, 'commandType', one.command_type)}`,
              }))}
              filteringType="auto"
              placeholder={t('run.choose_command')}
              statusType={commands.isPending ? 'loading' : 'finished'}
              empty={t('list.commands.empty')}
              onChange={({ detail }) => setName(detail.selectedOption.value ?? null)}
            />
          </FormField>
          <Servers chosen={servers} onChange={setServers} />
          {chosen && (
            <FormField label={t('run.script')}>
              <Code value={chosen.command_script} label={t('run.script')} language="shell" />
            </FormField>
          )}
          <Alert>{t('run.guarded')}</Alert>
        </SpaceBetween>
      }
    />
  );
}

interface ServersProps {
  chosen: readonly string[];
  onChange: (servers: readonly string[]) => void;
}

function Servers({ chosen, onChange }: ServersProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const servers = useQuery({
    queryKey: ['servers', 'choice', text],
    queryFn: async ({ signal }) => {
      const query = { has_minion: true, limit: 50, ...(text ? { text } : {}) };
      return (await listServers({ signal, query })).data.items;
    },
  });
  const option = (id: string) => ({ value: id, label: id });
  return (
    <FormField
      label={t('run.servers')}
      constraintText={t('run.servers_most', { count: MOST_SERVERS })}
    >
      <Multiselect
        selectedOptions={chosen.map(option)}
        options={(servers.data ?? []).map((one) => ({
          ...option(one.server_id),
          description: one.minion_id ?? '',
        }))}
        filteringType="manual"
        onLoadItems={({ detail }) => setText(detail.filteringText.trim().slice(0, 50))}
        statusType={servers.isPending ? 'loading' : 'finished'}
        placeholder={t('run.choose_servers')}
        empty={t('list.servers.empty')}
        onChange={({ detail }) =>
          onChange(detail.selectedOptions.flatMap((one) => one.value ?? []).slice(0, MOST_SERVERS))
        }
      />
    </FormField>
  );
}
