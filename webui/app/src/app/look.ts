/** Theme, density and fonts, as classes and properties of the document. */
import { colorBackgroundLayoutMain, colorTextBodyDefault, fontFamilyBase } from '@/ui/tokens';
import { applyDensity, applyMode, Density, Mode } from '@cloudscape-design/global-styles';
import { preferences } from './preferences';

const FACES = {
  ko: "'Noto Sans KR Variable', 'Noto Sans JP Variable', sans-serif",
  en: "'Noto Sans KR Variable', sans-serif",
  ja: "'Noto Sans JP Variable', 'Noto Sans KR Variable', sans-serif",
};

const dark = matchMedia('(prefers-color-scheme: dark)');

function put(): void {
  const { theme, density, language } = preferences.get();
  const isDark = theme === 'dark' || (theme === 'system' && dark.matches);
  applyMode(isDark ? Mode.Dark : Mode.Light);
  applyDensity(density === 'compact' ? Density.Compact : Density.Comfortable);
  // The kit names its font by a property whose name changes with its version.
  const property = /var\((--[\w-]+)/.exec(fontFamilyBase)?.[1];
  if (property) document.body.style.setProperty(property, FACES[language]);
  document.body.style.setProperty('--face', FACES[language]);
  document.body.style.setProperty('--page', colorBackgroundLayoutMain);
  document.body.style.setProperty('--ink', colorTextBodyDefault);
}

export function followLook(): void {
  put();
  preferences.subscribe(put);
  dark.addEventListener('change', put);
}
