/** Writing something else in place of what waits, checked by the server while it is written. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { amend, checkAmendment, type ApprovalWhole } from '@/api/client';
import { fieldErrors, told } from '@/api/problems';
import { touch } from '@/live/current';
import { tell } from '@/ui/notices';
import { Code } from '@/ui/Text';
import { Compared } from './Compared';
import { asText, isChanged, readArguments, solutionOf, wantedOf, type Solution } from './edit';

const CHECK_MS = 400;

type Wrong = Readonly<Record<string, string | undefined>>;

interface Props {
  whole: ApprovalWhole;
  onEnd: () => void;
}

/** What is being written, and against what: `seen` stays while others change what waits. */
function useWriting(whole: ApprovalWhole) {
  const { id, digest } = whole.approval;
  const current = solutionOf(whole.fix);
  const [seen, setSeen] = useState({ digest, solution: current });
  const [mine, setMine] = useState(current);
  const differs = digest !== seen.digest;
  const clash = differs && asText(current) !== asText(seen.solution);
  // A preview binds what a state renders to: another digest for the same text.
  if (differs && !clash) setSeen({ digest, solution: current });
  const changed = isChanged(current, mine);
  const notJson = readArguments(mine.arguments) === null;
  const checked = useChecked(id, current, mine, changed && !notJson);
  const see = () => setSeen({ digest, solution: current });
  return { current, seen, see, mine, setMine, clash, changed, notJson, checked };
}

export function Edit({ whole, onEnd }: Props) {
  const { t } = useTranslation();
  const { id, state } = whole.approval;
  const writing = useWriting(whole);
  const { current, mine, clash, changed, notJson } = writing;
  const [comment, setComment] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const wrong: Wrong = { ...writing.checked, ...fieldErrors(error) };
  const open = state === 'pending';

  async function send() {
    setBusy(true);
    setError(null);
    try {
      const { digest } = writing.seen;
      const body = { ...wantedOf(current, mine), digest, comment: comment.trim() };
      await amend({ path: { approval_id: id }, body });
      tell(t('approval.edit_sent', { id }));
      touch('approvals', 'executions', 'events');
      onEnd();
    } catch (problem) {
      setError(problem);
      touch('approvals');
    } finally {
      setBusy(false);
    }
  }

  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={onEnd}>{t('common.cancel')}</Button>
              <Button
                variant="primary"
                loading={busy}
                disabled={!changed || notJson || clash || !open}
                onClick={() => void send()}
              >
                {t('approval.edit_send')}
              </Button>
            </SpaceBetween>
          }
        >
          {t('approval.edit_title')}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Box color="text-body-secondary">{t('approval.edit_words')}</Box>
        <Trouble
          open={open}
          error={error}
          clash={clash}
          theirs={current}
          mine={mine}
          onSeen={writing.see}
        />
        <Fields
          mine={mine}
          wrong={notJson ? { ...wrong, arguments: t('approval.edit_not_json') } : wrong}
          onChange={writing.setMine}
        />
        {changed && !clash && (
          <FormField label={t('approval.edit_comes')} stretch>
            <Compared
              before={current}
              after={mine}
              labels={['approval.now_waits', 'approval.mine']}
            />
          </FormField>
        )}
        <FormField
          label={t('approval.edit_reason')}
          description={t('confirm.kept')}
          constraintText={t('confirm.optional')}
          errorText={wrong.comment}
          stretch
        >
          <Textarea
            value={comment}
            rows={2}
            onChange={({ detail }) => setComment(detail.value.slice(0, 1000))}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

interface TroubleProps {
  open: boolean;
  error: unknown;
  clash: boolean;
  theirs: Solution;
  mine: Solution;
  onSeen: () => void;
}

/** What keeps it from being sent; the worst of it alone. */
function Trouble({ open, error, clash, ...both }: TroubleProps) {
  const { t } = useTranslation();
  if (!open) return <Alert type="error">{t('approval.edit_closed')}</Alert>;
  if (clash) return <Clash {...both} />;
  return error === null ? null : <Refused error={error} />;
}

interface FieldsProps {
  mine: Solution;
  wrong: Wrong;
  onChange: (mine: Solution) => void;
}

function Fields({ mine, wrong, onChange }: FieldsProps) {
  const { t } = useTranslation();
  const { kind } = mine;
  const place = useFocus();
  return (
    <div ref={place}>
      <SpaceBetween size="m">
        <FormField
          label={t('fix.solution')}
          errorText={wrong.solution}
          description={kind === 'state' ? t('approval.edit_state') : undefined}
          stretch
        >
          <Code
            value={mine.solution}
            label={t('fix.solution')}
            language={kind === 'shell' || kind === 'sls' ? kind : 'plain'}
            wrong={wrong.solution}
            wrap
            {...(kind === 'state'
              ? {}
              : { onChange: (solution: string) => onChange({ ...mine, solution }) })}
          />
        </FormField>
        {kind !== 'sls' && (
          <FormField
            label={t('approval.edit_arguments')}
            description={t('approval.edit_arguments_more')}
            errorText={wrong.arguments}
            stretch
          >
            <Code
              value={mine.arguments}
              label={t('approval.edit_arguments')}
              wrap
              onChange={(text) => onChange({ ...mine, arguments: text })}
            />
          </FormField>
        )}
      </SpaceBetween>
    </div>
  );
}

/** Whoever pressed `e` wants to write at once; the editor comes a moment later. */
function useFocus() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const focus = () => {
      const editor = place.current?.querySelector<HTMLElement>('[contenteditable="true"]');
      editor?.focus();
      return Boolean(editor);
    };
    if (focus()) return undefined;
    const timer = setInterval(() => focus() && clearInterval(timer), 50);
    return () => clearInterval(timer);
  }, []);
  return place;
}

function Clash(props: { theirs: Solution; mine: Solution; onSeen: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert
      type="warning"
      header={t('approval.edit_clash')}
      action={<Button onClick={props.onSeen}>{t('approval.edit_clash_seen')}</Button>}
    >
      <SpaceBetween size="s">
        <Box>{t('approval.edit_clash_words')}</Box>
        <Compared
          before={props.theirs}
          after={props.mine}
          labels={['approval.now_waits', 'approval.mine']}
        />
      </SpaceBetween>
    </Alert>
  );
}

function Refused({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const { title, detail, remedy } = told(t, error);
  return (
    <Alert type="error" header={title}>
      {detail} {remedy}
    </Alert>
  );
}

function useChecked(id: number, before: Solution, after: Solution, written: boolean) {
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const text = JSON.stringify(wantedOf(before, after));
  useEffect(() => {
    if (!written) return undefined;
    let wanted = true;
    const timer = setTimeout(() => {
      void checkAmendment({ path: { approval_id: id }, body: JSON.parse(text) })
        .then(({ data }) => {
          const found = data.problems.map((one) => [one.field, one.message] as const);
          if (wanted) setProblems(Object.fromEntries(found));
        })
        .catch((error: unknown) => wanted && setProblems(fieldErrors(error)));
    }, CHECK_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [id, text, written]);
  return written ? problems : {};
}
