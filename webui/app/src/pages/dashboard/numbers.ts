/** Numbers as the language writes them. */
import { usePreferences } from '@/app/preferences';

export function useNumberWords(): (value: number, options?: Intl.NumberFormatOptions) => string {
  const { language } = usePreferences();
  return (value, options) => new Intl.NumberFormat(language, options).format(value);
}
