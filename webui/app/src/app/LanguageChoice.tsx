/** The languages by their own names: who cannot read the page can still read theirs. */
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import { useTranslation } from 'react-i18next';
import { isLanguage, prefer, usePreferences } from './preferences';

export const OWN_NAMES = { ko: '한국어', en: 'English', ja: '日本語' } as const;

export function LanguageChoice() {
  const { t } = useTranslation();
  const { language } = usePreferences();
  return (
    <SegmentedControl
      label={t('top.language')}
      selectedId={language}
      options={Object.entries(OWN_NAMES).map(([id, text]) => ({ id, text }))}
      onChange={({ detail }) => {
        if (isLanguage(detail.selectedId)) {
          prefer({ language: detail.selectedId, languageChosen: true });
        }
      }}
    />
  );
}
