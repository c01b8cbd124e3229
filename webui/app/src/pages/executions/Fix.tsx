/** What exactly is pinned to run: complete, and as it is. */
import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import { word } from '@/i18n';
import { Nothing } from '@/ui/Page';
import { Code } from '@/ui/Text';

type Pinned = Record<string, unknown> | null;

export function Fix({ fix }: { fix: Pinned }) {
  const { t } = useTranslation();
  if (!fix) return <Nothing words={t('fix.none')} />;
  const { kind, solution, arguments: given, ...rest } = fix;
  const language = kind === 'shell' || kind === 'sls' ? kind : 'plain';
  const known = typeof kind === 'string' ? kind : '';
  return (
    <SpaceBetween size="s">
      <Box>{t(`fix.${known}`, { defaultValue: known })}</Box>
      <Code value={asText(solution)} label={t('fix.solution')} language={language} wrap />
      {isFilled(given) && (
        <FormField label={t('fix.arguments')}>
          <Code value={asText(given)} label={t('fix.arguments')} wrap />
        </FormField>
      )}
      {typeof rest.rendered_sha256 === 'string' && (
        <Box fontSize="body-s" color="text-body-secondary">
          {t('fix.rendered')} <span className="mono">{rest.rendered_sha256}</span>
        </Box>
      )}
      <Box fontSize="body-s" color="text-body-secondary">
        {word(t, 'kind', known)}
      </Box>
    </SpaceBetween>
  );
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null, null, 2);
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
