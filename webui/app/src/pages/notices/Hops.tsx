/** The ways that a notice went, one after the other: which took it, which did not, and why. */
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import { word } from '@/i18n';
import { answerOf, lookOf, type Hop } from './hops';

export function Hops({ hops }: { hops: readonly Hop[] }) {
  const { t } = useTranslation();
  return (
    <SpaceBetween direction="horizontal" size="xxs">
      {hops.map((hop, place) => (
        <StatusIndicator key={place} type={lookOf(hop)}>
          {t('notice.hop', {
            way: word(t, 'way', hop.way),
            answer: word(t, 'receipt', answerOf(hop)),
          })}
          {hop.times > 1 && ` ×${hop.times}`}
        </StatusIndicator>
      ))}
    </SpaceBetween>
  );
}
