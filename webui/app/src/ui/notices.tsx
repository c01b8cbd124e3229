/** What has just happened, said at the top of the page and read out to whoever cannot see it. */
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { told } from '@/api/problems';
import { createStore, useStore } from './store';

interface Notice {
  id: string;
  type: FlashbarProps.Type;
  header: string;
  content?: string;
  lang?: 'en';
}

const notices = createStore<readonly Notice[]>([]);
const SHOWN_MS = 8_000;
let number = 0;

function add(notice: Omit<Notice, 'id'>): string {
  const id = `notice-${++number}`;
  notices.set([...notices.get().filter((one) => one.header !== notice.header), { ...notice, id }]);
  return id;
}

function remove(id: string): void {
  notices.set(notices.get().filter((one) => one.id !== id));
}

/** Good news goes by itself; bad news stays until somebody has read it. */
export function tell(header: string, content?: string): void {
  const id = add({ type: 'success', header, content });
  setTimeout(() => remove(id), SHOWN_MS);
}

export function tellError(t: TFunction, error: unknown): void {
  const { title, detail, remedy, lang } = told(t, error);
  add({ type: 'error', header: title, content: [detail, remedy].filter(Boolean).join(' '), lang });
}

export function warn(header: string, content?: string): void {
  add({ type: 'warning', header, content });
}

export function Notices() {
  const { t } = useTranslation();
  const items = useStore(notices).map(({ lang, content, ...one }) => ({
    ...one,
    content: lang && content ? <span lang={lang}>{content}</span> : content,
    dismissible: true,
    dismissLabel: t('common.dismiss'),
    onDismiss: () => remove(one.id),
    ariaRole: one.type === 'error' ? ('alert' as const) : ('status' as const),
  }));
  return <Flashbar items={items} stackItems={items.length > 2} />;
}
