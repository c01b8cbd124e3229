/** The rows of a list as cards, one below the other: for screens that are too narrow for a table. */
import Cards, { type CardsProps } from '@cloudscape-design/components/cards';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Column } from './Listing';

/** What a table and cards have in common. */
export interface Frame<Row> {
  items: readonly Row[];
  trackBy: (row: Row) => string;
  loading: boolean;
  loadingText: string;
  header: ReactNode;
  filter: ReactNode;
  pagination: ReactNode;
  preferences: ReactNode;
  empty: ReactNode;
}

interface Props<Row> {
  frame: Frame<Row>;
  columns: readonly Column<Row>[];
  name: string;
  labelOf: (row: Row) => string;
  selection?: { rows: readonly Row[]; onChange: (rows: Row[]) => void; one?: boolean };
}

const ONE_A_ROW = [{ cards: 1 }];
// Wider ones do not fit beside another; a time does, in two lines.
const HALF_WIDTH = 240;

/** The columns that are shown, in their order. */
export function shownOf<Row>(
  columns: readonly Column<Row>[],
  display: readonly { id: string; visible: boolean }[],
): readonly Column<Row>[] {
  const seen = display.filter((one) => one.visible);
  return seen.flatMap((one) => columns.find((column) => column.id === one.id) ?? []);
}

export function RowCards<Row>({ frame, columns, name, labelOf, selection }: Props<Row>) {
  const { t } = useTranslation();
  const head = columns.find((column) => column.rowHeader) ?? columns[0];
  const rest = columns.filter((column) => column !== head);
  const selecting: Partial<CardsProps<Row>> = selection
    ? {
        selectionType: selection.one ? 'single' : 'multi',
        selectedItems: selection.rows,
        onSelectionChange: ({ detail }) => selection.onChange(detail.selectedItems),
      }
    : {};
  return (
    <Cards<Row>
      {...frame}
      variant="container"
      cardsPerRow={ONE_A_ROW}
      cardDefinition={{
        header: (row) => head?.cell(row),
        sections: rest.map((column) => ({
          id: column.id,
          header: t(`column.${column.id}`),
          content: column.cell,
          width: (column.width ?? HALF_WIDTH) < HALF_WIDTH ? 50 : 100,
        })),
      }}
      {...selecting}
      ariaLabels={{
        cardsLabel: t(`list.${name}.title`),
        selectionGroupLabel: t('list.select', { list: t(`list.${name}.title`) }),
        itemSelectionLabel: (_, row) => t('list.select_one', { name: labelOf(row) }),
      }}
    />
  );
}
