const js = require("@eslint/js");

module.exports = [
  js.configs.recommended,
  { languageOptions: { sourceType: "commonjs", globals: { module: "readonly", require: "readonly" } }, rules: { eqeqeq: "error", "no-var": "warn" } },
];
