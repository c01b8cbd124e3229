/** A run of states as states: what failed first, what changed nothing folded away. */
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, {
  type StatusIndicatorProps,
} from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useTranslation } from 'react-i18next';
import { Took } from '@/time/Time';
import { Foreign } from '@/ui/Page';
import { worstFirst, type StateResult, type StateRun } from './states';

const LOOKS: Readonly<Record<StateResult, StatusIndicatorProps.Type>> = {
  failed: 'error',
  untried: 'pending',
  changed: 'success',
  unchanged: 'stopped',
};
const FEW_LINES = 12;

export function States({ states }: { states: readonly StateRun[] }) {
  const { t } = useTranslation();
  const telling = worstFirst(states).filter((one) => one.result !== 'unchanged');
  const quiet = states.filter((one) => one.result === 'unchanged');
  return (
    <SpaceBetween size="s">
      {telling.length > 0 && <Rows states={telling} />}
      {quiet.length > 0 && (
        <ExpandableSection
          headerText={t('states.unchanged', { count: quiet.length })}
          defaultExpanded={telling.length === 0 && quiet.length <= FEW_LINES}
        >
          <Rows states={quiet} />
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}

function Rows({ states }: { states: readonly StateRun[] }) {
  const { t } = useTranslation();
  return (
    <Table
      variant="embedded"
      wrapLines
      resizableColumns
      items={states}
      ariaLabels={{ tableLabel: t('output.as_states') }}
      columnDefinitions={[
        {
          id: 'result',
          header: t('column.result'),
          cell: (one) => (
            <StatusIndicator type={LOOKS[one.result]}>
              {t(one.result === 'unchanged' ? 'states.same' : `states.${one.result}`)}
            </StatusIndicator>
          ),
          width: 110,
          verticalAlign: 'top',
        },
        {
          id: 'name',
          header: t('states.name'),
          cell: (one) => <Name state={one} />,
          width: 190,
          isRowHeader: true,
          verticalAlign: 'top',
        },
        {
          id: 'function',
          header: t('states.function'),
          cell: (one) => <span className="mono">{one.function}</span>,
          width: 170,
          verticalAlign: 'top',
        },
        {
          id: 'comment',
          header: t('states.comment'),
          cell: (one) => <Foreign text={one.comment || '–'} />,
          width: 225,
          verticalAlign: 'top',
        },
        {
          id: 'changes',
          header: t('states.changes'),
          cell: (one) => <Changes text={one.changes} />,
          width: 225,
          verticalAlign: 'top',
        },
        {
          id: 'took',
          header: t('column.took'),
          cell: (one) => <Took seconds={one.seconds} />,
          width: 100,
          verticalAlign: 'top',
        },
      ]}
    />
  );
}

/** What it acts on, and what its author has called it where that is something else. */
function Name({ state }: { state: StateRun }) {
  return (
    <>
      <div>
        <Foreign text={state.name} />
      </div>
      {state.id !== state.name && (
        <small>
          <Foreign text={state.id} />
        </small>
      )}
    </>
  );
}

function Changes({ text }: { text: string }) {
  const { t } = useTranslation();
  if (!text) return <>–</>;
  const lines = text.split('\n').length;
  const shown = <div className="foreign mono">{text}</div>;
  if (lines <= FEW_LINES) return shown;
  return (
    <ExpandableSection headerText={t('states.lines', { count: lines })}>{shown}</ExpandableSection>
  );
}
