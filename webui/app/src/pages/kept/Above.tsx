/** What stands above a list of what is kept in versions. */
import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import { useNavigate, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { May } from '@/auth/roles';
import { useAddress } from '../address';

/** For who may: making a new one of what is kept in versions. */
export function Above({ place, words }: { place: string; words: string }) {
  const router = useRouter();
  return (
    <May least="operator">
      <Button variant="primary" onClick={() => router.history.push(`${place}/new`)}>
        {words}
      </Button>
    </May>
  );
}

/** What is in use, or what was deleted and can be brought back. */
export function Shelf() {
  const { t } = useTranslation();
  const search = useAddress();
  const navigate = useNavigate();
  return (
    <SegmentedControl
      label={t('kept.which')}
      selectedId={search.deleted ? 'deleted' : 'used'}
      options={[
        { id: 'used', text: t('kept.used') },
        { id: 'deleted', text: t('kept.thrown') },
      ]}
      onChange={({ detail }) => {
        const deleted = detail.selectedId === 'deleted' || undefined;
        void navigate({ to: '.', search: { ...search, deleted } as never });
      }}
    />
  );
}
