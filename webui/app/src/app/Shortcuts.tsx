/** `?` lists the keyboard shortcuts of the page, and is where they can be switched off. */
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import Toggle from '@cloudscape-design/components/toggle';
import { useTranslation } from 'react-i18next';
import { useShortcut, useShortcutList } from '@/ui/keys';
import { createStore, useStore } from '@/ui/store';
import { prefer, usePreferences } from './preferences';

export const shortcutsShown = createStore(false);

export function Shortcuts() {
  const { t } = useTranslation();
  const shown = useStore(shortcutsShown);
  const { shortcuts } = usePreferences();
  const list = useShortcutList();
  useShortcut('?', 'keys.show', () => shortcutsShown.set(true));
  if (!shown) return null;
  return (
    <Modal visible header={t('keys.title')} onDismiss={() => shortcutsShown.set(false)}>
      <SpaceBetween size="m">
        <Toggle
          checked={shortcuts}
          description={t('keys.on_more')}
          onChange={({ detail }) => prefer({ shortcuts: detail.checked })}
        >
          {t('keys.on')}
        </Toggle>
        <Table
          variant="borderless"
          items={list}
          trackBy="keys"
          ariaLabels={{ tableLabel: t('keys.title') }}
          columnDefinitions={[
            { id: 'keys', header: t('keys.keys'), cell: (one) => <Keys keys={one.keys} /> },
            { id: 'words', header: t('keys.does'), cell: (one) => t(one.words), isRowHeader: true },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}

function Keys({ keys }: { keys: string }) {
  return keys.split(' ').map((key, place) => (
    <span key={place}>
      <kbd>{key}</kbd>{' '}
    </span>
  ));
}
