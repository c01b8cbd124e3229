/** What a notice is about, with the way to its page where it has one. */
import { useTranslation } from 'react-i18next';
import { word } from '@/i18n';
import { Link } from '@/ui/Link';
import { aboutOf } from './hops';

export function AboutLink({ threadKey }: { threadKey: string }) {
  const { t } = useTranslation();
  const { kind, id, to } = aboutOf(threadKey);
  if (kind === 'trouble') return <Trouble id={id} />;
  const words = kind ? t(`thread.${kind}`, { id }) : id;
  return to ? <Link to={to}>{words}</Link> : <>{words}</>;
}

/** `slack:not_in_channel`: a way that takes nothing more until somebody mends it. */
function Trouble({ id }: { id: string }) {
  const { t } = useTranslation();
  const [way = '', answer] = id.split(':');
  if (!answer) return <>{t('thread.trouble')}</>;
  return <>{t('notice.hop', { way: word(t, 'way', way), answer: word(t, 'receipt', answer) })}</>;
}
