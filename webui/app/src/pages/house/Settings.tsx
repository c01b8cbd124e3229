/** The settings as they hold in the API's process: to read, and to know what one would set. */
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import Toggle from '@cloudscape-design/components/toggle';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  getSettings,
  type EffectiveSettings,
  type Setting,
  type SettingsSection,
} from '@/api/client';
import { word } from '@/i18n';
import { Asked, Nothing } from '@/ui/Page';
import { fits, lineOf, shortName, type Wanted } from './settings';

export function Settings() {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: ['settings'],
    meta: { still: true },
    queryFn: async ({ signal }) => (await getSettings({ signal })).data,
  });
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header variant="h2" description={t('settings.description')}>
            {t('settings.title')}
          </Header>
        }
      >
        <Asked query={found} lines={8}>
          {(data) => <Sections sections={data.sections} />}
        </Asked>
      </Container>
      <Asked query={found}>{(data) => <About data={data} />}</Asked>
    </SpaceBetween>
  );
}

function Sections({ sections }: { sections: readonly SettingsSection[] }) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState<Wanted>({ text: '', given: false });
  const narrow = wanted.given || wanted.text.trim() !== '';
  const shown = sections
    .map((one) => ({ ...one, settings: one.settings.filter((setting) => fits(setting, wanted)) }))
    .filter((one) => one.settings.length > 0);
  return (
    <SpaceBetween size="m">
      <SpaceBetween direction="horizontal" size="l" alignItems="center">
        <TextFilter
          filteringText={wanted.text}
          filteringPlaceholder={t('settings.find')}
          filteringAriaLabel={t('settings.find')}
          onChange={({ detail }) => setWanted({ ...wanted, text: detail.filteringText })}
        />
        <Toggle
          checked={wanted.given}
          onChange={({ detail }) => setWanted({ ...wanted, given: detail.checked })}
        >
          {t('settings.only_given')}
        </Toggle>
      </SpaceBetween>
      {shown.map((one) => (
        <Section key={`${one.name}-${narrow}`} section={one} open={narrow} />
      ))}
      {!shown.length && <Nothing words={t('settings.none')} />}
    </SpaceBetween>
  );
}

function Section({ section, open }: { section: SettingsSection; open: boolean }) {
  const { t } = useTranslation();
  const title = word(t, 'section', section.name);
  const given = section.settings.filter((one) => one.source !== 'default').length;
  return (
    <ExpandableSection
      headerText={given ? `${title} · ${t('settings.given_count', { count: given })}` : title}
      defaultExpanded={open}
    >
      <Table
        variant="embedded"
        contentDensity="compact"
        wrapLines
        items={section.settings}
        trackBy="name"
        ariaLabels={{ tableLabel: title }}
        columnDefinitions={useColumns()}
      />
    </ExpandableSection>
  );
}

function useColumns(): readonly TableProps.ColumnDefinition<Setting>[] {
  const { t } = useTranslation();
  return [
    {
      id: 'name',
      header: t('settings.name'),
      isRowHeader: true,
      cell: (one) => (
        <>
          <div className="mono">{shortName(one.name)}</div>
          <Box variant="small" color="text-body-secondary">
            <span className="mono">{one.variable}</span>
          </Box>
        </>
      ),
      minWidth: 260,
    },
    {
      id: 'value',
      header: t('settings.value'),
      cell: (one) => <Value one={one} />,
      minWidth: 240,
    },
    {
      id: 'source',
      header: t('settings.source'),
      cell: (one) => (
        <Badge color={one.source === 'default' ? 'grey' : 'blue'}>
          {word(t, 'source', one.source)}
        </Badge>
      ),
      width: 150,
    },
    {
      id: 'default',
      header: t('settings.default'),
      cell: (one) =>
        one.source === 'default' || one.default === null ? '–' : <Plain value={one.default} />,
      minWidth: 160,
    },
  ];
}

function Value({ one }: { one: Setting }) {
  const { t } = useTranslation();
  if (one.secret) {
    return (
      <StatusIndicator type={one.is_set ? 'success' : 'stopped'}>
        {t(one.is_set ? 'settings.secret_set' : 'settings.secret_unset')}
      </StatusIndicator>
    );
  }
  if (!one.is_set) return <Box color="text-body-secondary">{t('settings.unset')}</Box>;
  return <Plain value={one.value} />;
}

function Plain({ value }: { value: unknown }) {
  const { t } = useTranslation();
  if (typeof value === 'boolean') return <>{t(value ? 'settings.on' : 'settings.off')}</>;
  return <span className="mono">{lineOf(value)}</span>;
}

function About({ data }: { data: EffectiveSettings }) {
  const { t } = useTranslation();
  return (
    <Container header={<Header variant="h2">{t('health.about')}</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: t('health.version'), value: data.version },
          { label: t('health.tables'), value: data.tables ?? '–' },
          {
            label: t('health.spec'),
            value: (
              <Link href="/api/v1/openapi.json" external>
                /api/v1/openapi.json
              </Link>
            ),
          },
        ]}
      />
    </Container>
  );
}
