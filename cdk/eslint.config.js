const js = require('@eslint/js');
const tseslint = require('typescript-eslint');

module.exports = tseslint.config(
  { ignores: ['node_modules', 'cdk.out', '*.js', 'edge'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    rules: {
      complexity: ['error', 10],
      'max-lines': ['error', 400],
      // A construct does its work by being made.
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
);
