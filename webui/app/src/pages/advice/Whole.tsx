/** The answer and the question in words, and beneath them as they were received and sent. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import type { AdviceWhole } from '@/api/client';
import { word } from '@/i18n';
import { Foreign, Nothing } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { indented, readAnswer, readQuestion, type Answer, type Question } from './answer';

export function Said({ advice }: { advice: AdviceWhole }) {
  const { t } = useTranslation();
  const answer = readAnswer(advice.answer);
  return (
    <Container
      header={
        <Header variant="h2" description={t('draft.foreign')}>
          {t('advice.answer')}
        </Header>
      }
    >
      {advice.answer === null ? (
        <Nothing words={t('advice.no_answer')} />
      ) : (
        <SpaceBetween size="m">
          {answer && <AnswerWords answer={answer} />}
          <AsItWas text={advice.answer} label={t('advice.answer_raw')} open={!answer} />
        </SpaceBetween>
      )}
    </Container>
  );
}

function AnswerWords({ answer }: { answer: Answer }) {
  const { t } = useTranslation();
  const label = (name: string) => t(`advice.part_${name}`, { defaultValue: name });
  return (
    <SpaceBetween size="m">
      <Box fontSize="heading-s">
        <Foreign text={answer.diagnosis} />
      </Box>
      <KeyValuePairs
        columns={3}
        items={[
          { label: t('advice.kind'), value: word(t, 'adviceKind', answer.kind) },
          { label: t('advice.confidence'), value: word(t, 'confidence', answer.confidence) },
          ...answer.facts.map(([name, value]) => ({
            label: label(name),
            value: name === 'risk' ? word(t, 'risk', value) : <Foreign text={value} />,
          })),
        ]}
      />
      {answer.solution && (
        <Code
          value={answer.solution}
          label={label('solution')}
          language={answer.solutionKind === 'sls' ? 'sls' : 'shell'}
          wrap
        />
      )}
      {answer.evidence.length > 0 && (
        <div>
          <Box variant="h3">{t('advice.quotes')}</Box>
          <ul>
            {answer.evidence.map((one, place) => (
              <li key={place}>
                <strong>{one.id}</strong> <q className="foreign">{one.quote}</q>
              </li>
            ))}
          </ul>
        </div>
      )}
    </SpaceBetween>
  );
}

export function Asking({ advice }: { advice: AdviceWhole }) {
  const { t } = useTranslation();
  const question = readQuestion(advice.question);
  return (
    <Container
      header={
        <Header variant="h2" description={t('advice.masked')}>
          {t('advice.question')}
        </Header>
      }
    >
      {advice.question === null ? (
        <Nothing words={t('advice.no_question')} />
      ) : (
        <SpaceBetween size="m">
          {question && <QuestionWords question={question} />}
          <AsItWas text={advice.question} label={t('advice.question_raw')} open={!question} />
        </SpaceBetween>
      )}
    </Container>
  );
}

function QuestionWords({ question }: { question: Question }) {
  const { t } = useTranslation();
  return (
    <SpaceBetween size="m">
      <Foreign text={question.message} />
      {question.evidence.map((one) => (
        <div key={one.id}>
          <Box variant="h3">
            {one.id} <Foreign text={one.title} />
          </Box>
          <Code value={one.text} label={`${one.id} ${one.title}`} wrap />
        </div>
      ))}
      {question.offered.length > 0 && (
        <Box color="text-body-secondary">
          {t('advice.offered')} <Foreign text={question.offered.join(', ')} />
        </Box>
      )}
    </SpaceBetween>
  );
}

/** Nothing left out: the JSON itself, with its lines indented. */
function AsItWas({ text, label, open }: { text: string; label: string; open: boolean }) {
  return (
    <ExpandableSection headerText={label} defaultExpanded={open}>
      <Code value={indented(text)} label={label} wrap />
    </ExpandableSection>
  );
}
