/** Words in three languages; Korean is the source, and a test holds the others complete. */
import i18next, { type TFunction } from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { I18nProviderProps } from '@cloudscape-design/components/i18n';
import type { Language } from '@/app/preferences';

type Catalogue = Record<string, unknown>;

const OURS: Record<Language, () => Promise<{ default: Catalogue }>> = {
  ko: () => import('./ko.json'),
  en: () => import('./en.json'),
  ja: () => import('./ja.json'),
};
const KITS: Record<Language, () => Promise<{ default: I18nProviderProps.Messages }>> = {
  ko: () => import('@cloudscape-design/components/i18n/messages/all.ko'),
  en: () => import('@cloudscape-design/components/i18n/messages/all.en'),
  ja: () => import('@cloudscape-design/components/i18n/messages/all.ja'),
};
// The same character is drawn differently in Korean and in Japanese; Hangul is only in the first,
// and stands in messages also where the page is Japanese.
const FONTS: Record<Language, () => Promise<unknown>> = {
  ko: () => import('@fontsource-variable/noto-sans-kr'),
  en: () => import('@fontsource-variable/noto-sans-kr'),
  ja: () =>
    Promise.all([
      import('@fontsource-variable/noto-sans-jp'),
      import('@fontsource-variable/noto-sans-kr'),
    ]),
};

/** Make `language` the one that is spoken; gives the words of the kit's own components. */
export async function speak(language: Language): Promise<I18nProviderProps.Messages> {
  const [ours, kits] = await Promise.all([OURS[language](), KITS[language](), FONTS[language]()]);
  if (!i18next.isInitialized) await begin();
  i18next.addResourceBundle(language, 'translation', ours.default, true, true);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  return kits.default;
}

async function begin(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: {},
    fallbackLng: false,
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}

// Values of the ledger may come from anywhere: only what looks like a name is looked up.
const NAME = /^[a-z0-9_]+$/i;

/** The word for a value of the ledger; one that has no word yet is shown as it is. */
export function word(t: TFunction, kind: string, value: string | null | undefined): string {
  if (!value) return '–';
  return NAME.test(value) ? t(`${kind}.${value}`, { defaultValue: value }) : value;
}

/** What would be done: `run`, `ask`, or `held: cooldown`. */
export function wouldBe(t: TFunction, value: string): string {
  const [what = '', rule] = value.split(': ');
  if (rule) return t('would.held', { rule: word(t, 'rule', rule) });
  return what === 'held' ? t('outcome.held') : word(t, 'would', what);
}
