/** Commands: what checks, restarts and looks into the logs of a service. */
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import { listCommands, type Command } from '@/api/client';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Listing } from '@/ui/Listing';
import { Page } from '@/ui/Page';
import { useAddress } from '../address';
import { COMMANDS } from '../fields';
import { Above, Shelf } from '../kept/Above';

export default function Commands() {
  const { t } = useTranslation();
  const search = useAddress();
  return (
    <Page
      title={t('list.commands.title')}
      description={t('list.commands.description')}
      actions={<Above place="/commands" words={t('command.new')} />}
    >
      <SpaceBetween size="m">
        <Shelf />
        <Listing<Command>
          name="commands"
          topic="commands"
          ask={(query, signal) => listCommands({ query, signal })}
          keyOf={(row) => String(row.id)}
          labelOf={(row) => row.command_name}
          fields={COMMANDS}
          search={search}
          texts
          seen={(rows) => ({ target_service: [...new Set(rows.map((row) => row.target_service))] })}
          columns={[
            {
              id: 'command_name',
              cell: (row) => <Link to={`/commands/${row.id}`}>{row.command_name}</Link>,
              rowHeader: true,
              width: 240,
            },
            { id: 'target_service', cell: (row) => row.target_service, width: 130 },
            {
              id: 'command_type',
              cell: (row) => word(t, 'commandType', row.command_type),
              width: 150,
            },
            {
              id: 'command_script',
              cell: (row) => <span className="mono">{row.command_script.split('\n')[0]}</span>,
              width: 380,
            },
            { id: 'updated_at', cell: (row) => <Time at={row.updated_at} />, width: 230 },
            {
              id: 'deleted_at',
              cell: (row) => <Time at={row.deleted_at} />,
              width: 230,
              extra: true,
            },
            { id: 'updated_by', cell: (row) => row.updated_by, width: 140, extra: true },
          ]}
        />
      </SpaceBetween>
    </Page>
  );
}
