/** A question before something is done, with the reason that the audit will hold. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Input, { type InputProps } from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors, told } from '@/api/problems';
import { Beneath } from './English';

interface Props {
  title: string;
  words?: ReactNode;
  button: string;
  /** Whether a reason is asked for, and whether it must be given. */
  reason?: 'required' | 'optional';
  reasonLabel?: string;
  /** What must be typed for it to be meant. */
  typed?: string;
  danger?: boolean;
  onEnd: () => void;
  /** Where something else is shown after it is done; otherwise it ends. */
  onDone?: () => void;
  onDo: (reason: string) => Promise<unknown>;
}

export function Confirm(props: Props) {
  const { title, button, reason, typed, onEnd, onDo } = props;
  const { t } = useTranslation();
  const form = useId();
  const [text, setText] = useState('');
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const missing = reason === 'required' && !text.trim();
  const unmeant = typed !== undefined && name.trim() !== typed;
  const written = useWritingFirst();

  async function submit() {
    if (busy || missing || unmeant) return setError(missing ? new Error('reason') : null);
    setBusy(true);
    setError(null);
    try {
      await onDo(text.trim());
      (props.onDone ?? onEnd)();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }

  const lacksReason = error !== null && missing;
  const wrong = fieldErrors(error);
  const reasonError = lacksReason ? t('confirm.reason_missing') : (wrong.reason ?? wrong.comment);
  return (
    <Modal
      visible
      header={title}
      onDismiss={onEnd}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onEnd}>
              {t('common.cancel')}
            </Button>
            <Button
              variant="primary"
              loading={busy}
              disabled={unmeant}
              form={form}
              formAction="submit"
            >
              {button}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Form>
          <SpaceBetween size="m">
            {props.words}
            {error !== null && !lacksReason && <Wrong error={error} />}
            {reason && (
              <FormField
                label={props.reasonLabel ?? t('confirm.reason')}
                description={t('confirm.kept')}
                constraintText={reason === 'optional' ? t('confirm.optional') : undefined}
                errorText={reasonError}
              >
                <Textarea
                  ref={typed === undefined ? written : undefined}
                  value={text}
                  rows={3}
                  onChange={({ detail }) => setText(detail.value.slice(0, 1000))}
                />
              </FormField>
            )}
            {typed !== undefined && (
              <FormField label={t('confirm.type', { name: typed })}>
                <Input
                  ref={written}
                  value={name}
                  onChange={({ detail }) => setName(detail.value)}
                />
              </FormField>
            )}
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  );
}

/** The kit puts the focus on the button that closes; it belongs where something is written. */
function useWritingFirst() {
  const field = useRef<InputProps.Ref>(null);
  useEffect(() => {
    const later = setTimeout(() => field.current?.focus());
    return () => clearTimeout(later);
  }, []);
  return field;
}

function Wrong({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const words = told(t, error);
  return (
    <Alert type="error" header={words.title}>
      <Beneath {...words} />
    </Alert>
  );
}
