/** A list of the ledger: filter in the address, pages by cursor, columns and density as chosen. */
import CollectionPreferences, {
  type CollectionPreferencesProps,
} from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import Button from '@cloudscape-design/components/button';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { prefer, usePreferences } from '@/app/preferences';
import { FilterBar } from './FilterBar';
import { isFiltered, queryOf, type Field, type Search } from './filter';
import { failureOf, Failure, Nothing, Stale } from './Page';
import { useNarrow } from './narrow';
import { RowCards, shownOf, type Frame } from './RowCards';
import { counted, usePages, type Ask } from './pages';

export interface Column<Row> {
  /** Its header is `column.<id>` of the catalogue. */
  id: string;
  cell: (row: Row) => ReactNode;
  width?: number;
  /** The name of the field that the API sorts by. */
  sort?: string;
  /** Not shown unless it is asked for. */
  extra?: boolean;
  rowHeader?: boolean;
}

interface Props<Row> {
  /** `list.<name>` of the catalogue has its title and what is said when it is empty. */
  name: string;
  topic: string;
  ask: Ask<Row>;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  labelOf: (row: Row) => string;
  fields?: readonly Field[];
  search?: Search;
  /** What is always asked for, beside the filter. */
  always?: Record<string, unknown>;
  dated?: boolean;
  texts?: boolean;
  actions?: ReactNode;
  empty?: ReactNode;
  selection?: { rows: readonly Row[]; onChange: (rows: Row[]) => void; one?: boolean };
  header?: 'h1' | 'h2';
  description?: ReactNode;
  seen?: (rows: readonly Row[]) => Record<string, readonly string[]>;
}

const NO_FIELDS: readonly Field[] = [];
const ANYTHING: Search = {};

export function Listing<Row>(props: Props<Row>) {
  const { name, topic, fields = NO_FIELDS, search = ANYTHING, columns, selection } = props;
  const { t } = useTranslation();
  const chosen = usePreferences();
  const change = useSearchChange();
  const [shown, setShown] = useShown(name, columns);
  const { id: _id, ...filter } = search;
  const pages = usePages<Row>(
    [topic, 'list', name, filter, props.always],
    (now) => ({ ...props.always, ...queryOf(search, fields, now) }),
    props.ask,
  );
  const { found } = pages;
  const narrow = useNarrow();
  const bar = fields.length > 0 || props.texts || props.dated;
  const failure = failureOf(found);
  const frame: Frame<Row> = {
    items: pages.rows,
    trackBy: props.keyOf,
    loading: found.data === undefined && !failure,
    loadingText: t('common.loading'),
    header: (
      <SpaceBetween size="xs">
        <Header
          variant={props.header ?? 'h2'}
          counter={counted(found.data, chosen.language)}
          description={props.description}
          actions={props.actions}
        >
          {t(`list.${name}.title`)}
        </Header>
        <Stale query={found} />
      </SpaceBetween>
    ),
    filter: bar && (
      <FilterBar
        name={name}
        fields={fields}
        search={search}
        onChange={change}
        dated={props.dated}
        texts={props.texts}
        seen={props.seen?.(pages.rows)}
      />
    ),
    pagination: (
      <Pagination
        currentPageIndex={pages.pageIndex}
        pagesCount={pages.pagesCount}
        openEnd={pages.hasMore}
        ariaLabels={{ pageLabel: (n) => t('list.page', { n }) }}
        onChange={({ detail }) => pages.go(detail.currentPageIndex)}
      />
    ),
    preferences: <Chosen shown={shown} columns={columns} onChange={setShown} />,
    empty: failure ? (
      <Failure error={failure} again={() => void found.refetch()} />
    ) : (
      <Empty name={name} search={search} change={change} own={props.empty} />
    ),
  };
  if (narrow) {
    const seen = shownOf(columns, shown.contentDisplay);
    return (
      <RowCards frame={frame} columns={seen} {...{ name, selection }} labelOf={props.labelOf} />
    );
  }
  return (
    <Table
      {...frame}
      variant="container"
      stickyHeader
      resizableColumns
      enableKeyboardNavigation
      wrapLines={shown.wrapLines}
      contentDensity={chosen.density}
      {...sorting(columns, search, change)}
      columnDefinitions={columns.map((column) => definition(column, t(`column.${column.id}`)))}
      columnDisplay={shown.contentDisplay}
      {...selecting(selection, props, t)}
    />
  );
}

type T = ReturnType<typeof useTranslation>['t'];

function useSearchChange() {
  const navigate = useNavigate();
  return (next: Search) => void navigate({ to: '.', search: next as never });
}

function definition<Row>(column: Column<Row>, header: string) {
  return {
    id: column.id,
    header,
    cell: column.cell,
    width: column.width,
    minWidth: 80,
    sortingField: column.sort,
    isRowHeader: column.rowHeader ?? false,
  };
}

function sorting<Row>(
  columns: readonly Column<Row>[],
  search: Search,
  change: (next: Search) => void,
): Partial<TableProps<Row>> {
  if (!columns.some((column) => column.sort)) return { sortingDisabled: true };
  const first = columns.find((column) => column.sort)?.sort ?? '';
  const sort = search.sort ?? `-${first}`;
  return {
    sortingColumn: { sortingField: sort.replace(/^-/, '') },
    sortingDescending: sort.startsWith('-'),
    onSortingChange: ({ detail }) => {
      const sign = detail.isDescending ? '-' : '';
      change({ ...search, sort: `${sign}${detail.sortingColumn.sortingField}` });
    },
  };
}

function selecting<Row>(
  selection: Props<Row>['selection'],
  { keyOf, labelOf, name }: Props<Row>,
  t: T,
): Partial<TableProps<Row>> {
  if (!selection) return {};
  return {
    selectionType: selection.one ? 'single' : 'multi',
    selectedItems: selection.rows,
    onSelectionChange: ({ detail }) => selection.onChange(detail.selectedItems),
    isItemDisabled: () => false,
    trackBy: keyOf,
    ariaLabels: {
      selectionGroupLabel: t('list.select', { list: t(`list.${name}.title`) }),
      allItemsSelectionLabel: () => t('list.select_all'),
      itemSelectionLabel: (_, row) => t('list.select_one', { name: labelOf(row) }),
      tableLabel: t(`list.${name}.title`),
    },
  };
}

interface Shown {
  wrapLines: boolean;
  contentDisplay: readonly { id: string; visible: boolean }[];
}

/** Which columns somebody wants to see of this list; columns that came later are shown as meant. */
function useShown<Row>(name: string, columns: readonly Column<Row>[]) {
  const key = `rescue.columns.${name}`;
  const [shown, setShown] = useState<Shown>(() => {
    const usual = columns.map((column) => ({ id: column.id, visible: !column.extra }));
    try {
      const kept = JSON.parse(localStorage.getItem(key) ?? '') as Shown;
      const known = kept.contentDisplay.filter((one) => columns.some((c) => c.id === one.id));
      const added = usual.filter((one) => !known.some((k) => k.id === one.id));
      return { wrapLines: kept.wrapLines, contentDisplay: [...known, ...added] };
    } catch {
      return { wrapLines: false, contentDisplay: usual };
    }
  });
  const keep = (next: Shown) => {
    localStorage.setItem(key, JSON.stringify(next));
    setShown(next);
  };
  return [shown, keep] as const;
}

function Chosen<Row>({
  shown,
  columns,
  onChange,
}: {
  shown: Shown;
  columns: readonly Column<Row>[];
  onChange: (next: Shown) => void;
}) {
  const { t } = useTranslation();
  const { density } = usePreferences();
  const options = columns.map((column) => ({
    id: column.id,
    label: t(`column.${column.id}`),
    alwaysVisible: column.rowHeader ?? false,
  }));
  function confirm(detail: CollectionPreferencesProps.Preferences) {
    prefer({ density: detail.contentDensity ?? 'comfortable' });
    onChange({
      wrapLines: detail.wrapLines ?? false,
      contentDisplay: detail.contentDisplay ?? shown.contentDisplay,
    });
  }
  return (
    <CollectionPreferences
      preferences={{ ...shown, contentDensity: density }}
      onConfirm={({ detail }) => confirm(detail)}
      title={t('list.preferences')}
      wrapLinesPreference={{ label: t('list.wrap'), description: t('list.wrap_more') }}
      contentDensityPreference={{ label: t('list.compact'), description: t('list.compact_more') }}
      contentDisplayPreference={{ title: t('list.columns'), options }}
    />
  );
}

interface EmptyProps {
  name: string;
  search: Search;
  change: (next: Search) => void;
  own?: ReactNode;
}

function Empty({ name, search, change, own }: EmptyProps) {
  const { t } = useTranslation();
  if (!isFiltered(search)) return <Nothing words={t(`list.${name}.empty`)}>{own}</Nothing>;
  return (
    <Nothing words={t('list.no_match')}>
      <Button onClick={() => change({ sort: search.sort })}>{t('list.clear')}</Button>
    </Nothing>
  );
}
