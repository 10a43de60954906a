// The import rules of the project: the runtime knows nobody, the server knows the runtime, the client knows the runtime and the
// server's protocol. Everything that keeps them apart is here, so that a wrong import is an error and not a matter of memory.
const nodeAdapters = '\\.node\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'runtime-stands-alone',
      severity: 'error',
      comment:
        'runtime/ is used in every place there is (page, worker, Node, editor): it imports nothing of ours but itself.',
      from: { path: '^runtime/' },
      to: { path: '^(client|server|test|scripts|examples)/' },
    },
    {
      name: 'runtime-without-packages',
      severity: 'error',
      comment:
        'runtime/ takes nothing from packages but compression (fflate) and protocol buffers (@bufbuild/protobuf); an adapter for Node (*.node.ts) may.',
      from: {
        path: '^runtime/',
        pathNot: [
          nodeAdapters,
          '^runtime/(attention/cpu|analyse/quality|analyse/spread|dynamic/rows|language-model/cpu)/assembly/',
        ],
      },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '(^|/)node_modules/(fflate|@bufbuild/protobuf)/',
      },
    },
    {
      name: 'runtime-without-vscode',
      severity: 'error',
      comment: 'Neither runtime/ nor server/ knows the editor.',
      from: { path: '^(runtime|server)/' },
      to: { path: '(^|node_modules/)(@types/)?vscode(/|$)' },
    },
    {
      name: 'runtime-without-node',
      severity: 'error',
      comment: "Node's built-in modules are for the adapters named *.node.ts.",
      from: { path: '^runtime/', pathNot: nodeAdapters },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'adapters-are-injected',
      severity: 'error',
      comment:
        'An adapter for Node is handed in by the program that runs there; the rest of runtime/ does not import it.',
      from: { path: '^runtime/', pathNot: nodeAdapters },
      to: { path: '^runtime/.*\\.node\\.ts$' },
    },
    {
      name: 'server-knows-the-runtime-only',
      severity: 'error',
      comment: 'The language server never sees what people touch.',
      from: { path: '^server/' },
      to: { path: '^(client|test|scripts|examples)/' },
    },
    {
      name: 'client-knows-the-protocol-only',
      severity: 'error',
      comment: 'The client talks to the server over the language server protocol; server/protocol.ts is all it shares.',
      from: { path: '^client/', pathNot: '^client/(cli|api)/' },
      to: { path: '^server/', pathNot: '^server/protocol\\.ts$' },
    },
    {
      name: 'cli-knows-the-language-only',
      severity: 'error',
      comment: 'The command-line tool and the library use the language without a server: through server/language.ts.',
      from: { path: '^client/(cli|api)/' },
      to: { path: '^server/', pathNot: '^server/(language|protocol|types)\\.ts$' },
    },
    {
      name: 'cli-without-the-editor',
      severity: 'error',
      comment: 'The command-line tool and the library run without VS Code.',
      from: { path: '^client/(cli|api)/' },
      to: {
        path: ['(^|node_modules/)(@types/)?vscode(/|$)', '^client/(commands|preview|webview)/', '^client/[^/]+\\.ts$'],
      },
    },
    {
      name: 'attend-without-the-language',
      severity: 'error',
      comment: 'Who takes attention, compiling or exports from the library does not get the language with it.',
      from: { path: '^client/api/', pathNot: '^client/api/(parse|index\\.(node|web))\\.ts$' },
      to: { reachable: true, path: ['^server/', '(^|node_modules/)(langium|vscode)'] },
    },
    {
      name: 'pages-without-node',
      severity: 'error',
      comment: "The library for pages has none of Node's built-in modules.",
      from: { path: '^client/api/index\\.web\\.ts$' },
      to: { reachable: true, path: '\\.node\\.ts$' },
    },
    {
      name: 'page-without-the-editor',
      severity: 'error',
      comment: 'The page of the preview runs in a browser, on the other side of a message channel.',
      from: { path: '^client/webview/' },
      to: { path: ['(^|node_modules/)(@types/)?vscode(/|$)', '^client/(commands|cli)/'] },
    },
    {
      name: 'page-and-web-without-node',
      severity: 'error',
      comment: "Neither the page nor the web extension has Node's built-in modules.",
      from: { path: '^(client/webview/|client/extension\\.web\\.ts$|server/main\\.browser\\.ts$)' },
      to: { reachable: true, path: '^(runtime|client|server)/.*\\.node\\.ts$' },
    },
    {
      name: 'nothing-needs-tests-or-scripts',
      severity: 'error',
      comment: 'What ships does not depend on how it is tested or built.',
      from: { path: '^(runtime|server|client)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Files that need each other are one file, or lack a third.',
      from: { pathNot: '/generated/' },
      to: { circular: true },
    },
    {
      name: 'no-missing-files',
      severity: 'error',
      comment: 'An import has to lead somewhere. (vscode is provided by the editor.)',
      from: {},
      to: { couldNotResolve: true, pathNot: '^vscode$' },
    },
  ],
  options: {
    // TypeScript 7 has no interface that this tool could parse with.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: {
      path: '^runtime/(attention/cpu|analyse/quality|analyse/spread|dynamic/rows|language-model/cpu)/assembly/',
    },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mts', '.mjs', '.cjs', '.js', '.d.ts', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
