/** The filter of a list: properties, text, a span of time, and views that were saved by name. */
import DateRangePicker, {
  type DateRangePickerProps,
} from '@cloudscape-design/components/date-range-picker';
import PropertyFilter from '@cloudscape-design/components/property-filter';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getValues } from '@/api/client';
import { word } from '@/i18n';
import { SavedViews } from './SavedViews';
import {
  optionsOf,
  rangeOf,
  tokensOf,
  valuesOf,
  withRange,
  withTokens,
  type Field,
  type Option,
  type Search,
} from './filter';

interface Props {
  name: string;
  fields: readonly Field[];
  search: Search;
  onChange: (next: Search) => void;
  /** Values seen in the rows, offered for fields that are no closed list. */
  seen?: Readonly<Record<string, readonly string[]>>;
  dated?: boolean;
  texts?: boolean;
  count?: string;
}

export function FilterBar(props: Props) {
  const { fields, search, onChange, dated, name } = props;
  return (
    <div className="filter-bar">
      <div className="filter-bar-main">
        {(fields.length > 0 || props.texts) && <Properties {...props} />}
      </div>
      {dated && <Span search={search} onChange={onChange} />}
      {dated && <SavedViews name={name} search={search} fields={fields} onChange={onChange} />}
    </div>
  );
}

const FRESH_MS = 60_000;

/** What the ledger has to offer; asked for when somebody opens a filter, once for all lists. */
function useOffered(wanted: boolean) {
  return useQuery({
    queryKey: ['values'],
    enabled: wanted,
    staleTime: FRESH_MS,
    meta: { still: true },
    queryFn: async ({ signal }) => (await getValues({ signal })).data,
  });
}

/** Those of the ledger, and those of the rows on the screen that are not among them. */
function together(offered: readonly Option[], seen: readonly string[]): readonly Option[] {
  const known = new Set(offered.map((one) => one.value));
  return [...offered, ...seen.filter((value) => !known.has(value)).map((value) => ({ value }))];
}

function Properties({ fields, search, onChange, seen, texts, count }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  // A number of a runbook in the address is shown by its title.
  const named = valuesOf(search, 'runbook_id').length > 0;
  const asked = useOffered(open || named);
  const offered = optionsOf(asked.data);
  const properties = fields.map((field) => ({
    key: field.name,
    propertyLabel: t(`field.${field.name}`),
    groupValuesLabel: t('filter.values', { field: t(`field.${field.name}`) }),
    operators: [{ operator: '=', format: (value: string) => shown(field, value) }],
  }));
  const shown = (field: Field, value: string) =>
    field.kind
      ? word(t, field.kind, value)
      : (offered[field.name]?.find((one) => one.value === value)?.label ?? value);
  const options = fields.flatMap((field) =>
    choicesOf(field).map(({ value, also }) => ({
      propertyKey: field.name,
      value,
      label: shown(field, value),
      tags: also,
      filteringTags: also,
    })),
  );
  function choicesOf({ name, values }: Field): readonly Option[] {
    if (values) return values.map((value) => ({ value }));
    return together(offered[name] ?? [], seen?.[name] ?? []);
  }
  return (
    <PropertyFilter
      query={tokensOf(search, fields)}
      onChange={({ detail }) => onChange(withTokens(search, detail, fields))}
      filteringProperties={properties}
      filteringOptions={options}
      onLoadItems={() => setOpen(true)}
      filteringStatusType={asked.isFetching && !asked.data ? 'loading' : 'finished'}
      filteringLoadingText={t('common.loading')}
      disableFreeTextFiltering={!texts}
      hideOperations
      expandToViewport
      countText={count}
      filteringPlaceholder={t('filter.placeholder')}
      filteringAriaLabel={t('filter.placeholder')}
      filteringEmpty={t('filter.nothing')}
    />
  );
}

const SPANS = [
  [15, 'minute'],
  [1, 'hour'],
  [24, 'hour'],
  [7, 'day'],
  [30, 'day'],
] as const;

function Span({ search, onChange }: Pick<Props, 'search' | 'onChange'>) {
  const { t } = useTranslation();
  const options = SPANS.map(([amount, unit]) => ({
    key: `${amount}${unit}`,
    amount,
    unit,
    type: 'relative' as const,
  }));
  return (
    <DateRangePicker
      value={rangeOf(search)}
      onChange={({ detail }) => onChange(withRange(search, detail.value))}
      relativeOptions={options}
      isValidRange={(value) => validRange(value, t('filter.range_wrong'))}
      placeholder={t('filter.any_time')}
      timeInputFormat="hh:mm"
      expandToViewport
      ariaLabel={t('filter.range')}
    />
  );
}

function validRange(
  value: DateRangePickerProps.Value | null,
  words: string,
): DateRangePickerProps.ValidationResult {
  if (value?.type === 'absolute' && !(new Date(value.startDate) < new Date(value.endDate))) {
    return { valid: false, errorMessage: words };
  }
  return { valid: true };
}
