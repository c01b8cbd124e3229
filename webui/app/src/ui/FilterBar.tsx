/** The filter of a list: properties, text, a span of time, and views that were saved by name. */
import DateRangePicker, {
  type DateRangePickerProps,
} from '@cloudscape-design/components/date-range-picker';
import PropertyFilter from '@cloudscape-design/components/property-filter';
import { useTranslation } from 'react-i18next';
import { word } from '@/i18n';
import { SavedViews } from './SavedViews';
import { rangeOf, tokensOf, withRange, withTokens, type Field, type Search } from './filter';

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

function Properties({ fields, search, onChange, seen, texts, count }: Props) {
  const { t } = useTranslation();
  const properties = fields.map((field) => ({
    key: field.name,
    propertyLabel: t(`field.${field.name}`),
    groupValuesLabel: t('filter.values', { field: t(`field.${field.name}`) }),
    operators: [{ operator: '=', format: (value: string) => shown(field, value) }],
  }));
  const shown = (field: Field, value: string) => (field.kind ? word(t, field.kind, value) : value);
  const options = fields.flatMap((field) =>
    (field.values ?? seen?.[field.name] ?? []).map((value) => ({
      propertyKey: field.name,
      value,
      label: shown(field, value),
    })),
  );
  return (
    <PropertyFilter
      query={tokensOf(search, fields)}
      onChange={({ detail }) => onChange(withTokens(search, detail, fields))}
      filteringProperties={properties}
      filteringOptions={options}
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
