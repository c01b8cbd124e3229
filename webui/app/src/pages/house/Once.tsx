/** A secret that is shown here and nowhere again. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';

interface Props {
  title: string;
  words: string;
  secret: string;
  onEnd: () => void;
}

export function Once({ title, words, secret, onEnd }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      visible
      header={title}
      onDismiss={onEnd}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onEnd}>
            {t('once.kept')}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">{words}</Alert>
        <CopyToClipboard
          variant="inline"
          textToCopy={secret}
          textToDisplay={<span className="mono">{secret}</span>}
          copyButtonAriaLabel={t('once.copy')}
          copySuccessText={t('once.copied')}
          copyErrorText={t('once.not_copied')}
        />
      </SpaceBetween>
    </Modal>
  );
}
