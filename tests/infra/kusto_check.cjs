// Checks KQL with Microsoft's own parser and binder. Reads {tables, functions, queries} as JSON from standard input
// and writes, for each query, its diagnostics and the columns of its result.
"use strict";

require("@kusto/language-service-next/bridge.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.js");

const language = Kusto.Language;
const symbols = language.Symbols;
const TYPES = {
  string: "string", int: "int", long: "long", real: "real", boolean: "bool", dynamic: "dynamic", datetime: "datetime",
};

function columnsOf(declared) {
  return declared.map((column) => `['${column.name}']: ${TYPES[column.type]}`).join(", ");
}

const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const members = [
  ...asked.tables.map((table) => symbols.TableSymbol.From(`(${columnsOf(table.columns)})`).WithName(table.name)),
  ...asked.functions.map((fn) => new symbols.FunctionSymbol.$ctor16(fn.name, `(${fn.parameters})`, `{ ${fn.body}\n}`, "")),
];
const database = new symbols.DatabaseSymbol.$ctor1("workspace", Bridge.toArray(members));
const globals = language.GlobalState.Default.WithDatabase(database);
const answers = asked.queries.map((query) => {
  const code = language.KustoCode.ParseAndAnalyze(query, globals);
  const diagnostics = Bridge.toArray(code.GetDiagnostics()).map((item) => ({
    severity: item.Severity, message: item.Message, at: query.slice(item.Start, item.Start + item.Length),
  }));
  const columns = code.ResultType && code.ResultType.Columns ? Bridge.toArray(code.ResultType.Columns) : [];
  return { diagnostics, columns: columns.map((column) => ({ name: column.Name, type: column.Type.Name })) };
});
process.stdout.write(JSON.stringify(answers));
