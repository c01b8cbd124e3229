/**
 * The kit's colours and fonts as CSS variables, in the dark and in the light.
 *
 * They are taken from the components themselves: the variables of the separate package of tokens
 * carry other suffixes than those of these components, so they would never be set.
 */
export {
  colorBackgroundInputDefault,
  colorBackgroundItemSelected,
  colorBackgroundLayoutMain,
  colorBorderDividerDefault,
  colorChartsPaletteCategorical1,
  colorChartsPaletteCategorical2,
  colorChartsStatusCritical,
  colorChartsStatusHigh,
  colorChartsStatusMedium,
  colorChartsStatusNeutral,
  colorTextBodyDefault,
  colorTextBodySecondary,
  fontFamilyBase,
} from '../../node_modules/@cloudscape-design/components/internal/generated/styles/tokens.js';
