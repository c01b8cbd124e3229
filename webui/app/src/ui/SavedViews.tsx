/** Saved views: go to one, save the present one under a name, forget one. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown, {
  type ButtonDropdownProps,
} from '@cloudscape-design/components/button-dropdown';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isFiltered, writeAddress, type Field, type Search } from './filter';
import { dropView, readViews, saveView, searchOfView } from './views';

interface Props {
  name: string;
  search: Search;
  fields: readonly Field[];
  onChange: (next: Search) => void;
}

export function SavedViews({ name, search, fields, onChange }: Props) {
  const { t } = useTranslation();
  const [views, setViews] = useState(() => readViews(name));
  const [naming, setNaming] = useState(false);
  const here = views.find((view) => view.address === writeAddress({ ...search, id: undefined }));
  const items: ButtonDropdownProps.ItemOrGroup[] = [
    ...views.map((view) => ({ id: `go:${view.name}`, text: view.name })),
    { id: 'save', text: t('views.save'), disabled: !isFiltered(search), iconName: 'add-plus' },
    ...(here
      ? [{ id: 'drop', text: t('views.drop', { name: here.name }), iconName: 'remove' as const }]
      : []),
  ];

  function choose(id: string) {
    if (id === 'save') return setNaming(true);
    if (id === 'drop' && here) return setViews(dropView(name, here.name));
    const view = views.find((one) => `go:${one.name}` === id);
    if (view) onChange(searchOfView(view, fields));
  }

  return (
    <>
      <ButtonDropdown
        items={items}
        onItemClick={({ detail }) => choose(detail.id)}
        expandToViewport
      >
        {here?.name ?? t('views.title')}
      </ButtonDropdown>
      {naming && (
        <Naming
          onEnd={() => setNaming(false)}
          onName={(chosen) => {
            setViews(saveView(name, chosen, search));
            setNaming(false);
          }}
        />
      )}
    </>
  );
}

function Naming({ onEnd, onName }: { onEnd: () => void; onName: (name: string) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  return (
    <Modal visible header={t('views.save')} onDismiss={onEnd}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) onName(name.trim());
        }}
      >
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button formAction="none" variant="link" onClick={onEnd}>
                {t('common.cancel')}
              </Button>
              <Button variant="primary">{t('common.save')}</Button>
            </SpaceBetween>
          }
        >
          <FormField label={t('views.name')} description={<Box>{t('views.kept_here')}</Box>}>
            <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 60))} />
          </FormField>
        </Form>
      </form>
    </Modal>
  );
}
