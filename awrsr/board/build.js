// Bundle src/ to dist/board.js: `npm run build`.
//
// The bundle is one function, attentionBoard, so that the board can hand on its own text
// (attentionBoard.toString()) to a page that it writes. Names are kept and lines are short, so that
// errors can be read and changes compared.

import { build } from "esbuild";

const outfile = process.argv[2] ?? "dist/board.js";

await build({
  entryPoints: ["src/main.ts"],
  outfile,
  bundle: true,
  format: "iife",
  globalName: "bundle",
  target: "es2022",
  loader: { ".css": "text" },
  charset: "ascii",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 100,
  banner: { js: "// Made from awrsr/board/src by `npm run build`.\nfunction attentionBoard() {" },
  footer: { js: "return bundle.default;\n}\nexport default attentionBoard();" },
});
