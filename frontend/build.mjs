/* Builds styles, scripts and the icon sprite into ../static/dist.
 *
 * Scripts: every file of src/entries/ becomes one bundle of the same name. Only app.js may import htmx_setup.js:
 *          other entries use window.htmx, or there would be two of them on a page.
 * Styles:  src/app.css plus every file of src/css/, in name order.
 * Icons:   only those that templates, Python or scripts name (see iconNames).
 */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const dist = path.join(root, "static", "dist");
const watch = process.argv.includes("--watch");
const APPS = ["config", "tenants", "crm", "messaging", "rag", "agents"];

async function filesUnder(folder, wanted) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Names written as icon="x", "x" icon, {% icon "x" %} or icon.html" with name="x". */
async function iconNames() {
  const sources = await filesUnder(path.join(root, "templates"), /\.html$/);
  for (const app of APPS) sources.push(...(await filesUnder(path.join(root, app), /\.(py|html)$/)));
  sources.push(...(await filesUnder(path.join(here, "src"), /\.js$/)));
  const names = new Set();
  const mention = /(?:\bicon\s*[=:]\s*|\{%\s*icon\s+|icon\.html["']\s+with\s+name=)["']([a-z0-9-]+)["']/g;
  for (const source of sources) {
    for (const [, name] of (await readFile(source, "utf8")).matchAll(mention)) names.add(name);
  }
  return [...names].sort();
}

async function buildSprite() {
  const require = createRequire(import.meta.url);
  const icons = path.join(path.dirname(require.resolve("lucide-static/package.json")), "icons");
  const symbols = [];
  for (const name of await iconNames()) {
    const svg = await readFile(path.join(icons, `${name}.svg`), "utf8").catch(() => null);
    if (svg === null) throw new Error(`There is no Lucide icon named "${name}".`);
    const body = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, "")}</symbol>`);
  }
  await writeFile(path.join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
  return symbols.length;
}

/** The calendar's icon font is a data: address, which our content policy refuses; we draw none of its icons. */
const withoutFont = {
  name: "without-font",
  setup(build) {
    build.onLoad({ filter: /@fullcalendar[\\/]core[\\/]internal-common\.js$/ }, async ({ path: file }) => {
      const contents = (await readFile(file, "utf8")).replace(/@font-face ?\{[^}]*\}/g, "");
      return { contents, loader: "js" };
    });
  },
};

async function scripts() {
  const entries = await filesUnder(path.join(here, "src", "entries"), /\.js$/);
  const options = {
    entryPoints: entries,
    outdir: dist,
    bundle: true,
    format: "iife",
    target: ["es2020"],
    minify: true,
    sourcemap: "linked",
    legalComments: "none",
    loader: { ".css": "text", ".svg": "text", ".html": "text" },
    logLevel: "warning",
    plugins: [withoutFont],
  };
  if (!watch) return esbuild.build(options).then(() => entries.length);
  const context = await esbuild.context(options);
  await context.watch();
  return entries.length;
}

async function styles() {
  const work = path.join(here, "node_modules", ".cache");
  await mkdir(work, { recursive: true });
  const parts = await filesUnder(path.join(here, "src", "css"), /\.css$/);
  const imports = ["../../src/app.css", ...parts.map((part) => `../../src/css/${path.basename(part)}`)];
  const entry = path.join(work, "app.css");
  await writeFile(entry, imports.map((file) => `@import "${file}";`).join("\n") + "\n");
  const cli = path.join(here, "node_modules", "@tailwindcss", "cli", "dist", "index.mjs");
  const args = [cli, "-i", entry, "-o", path.join(dist, "app.css"), "--minify"];
  if (watch) args.push("--watch=always");
  const child = spawn(process.execPath, args, { cwd: here, stdio: ["ignore", "inherit", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => (said += data));
  if (watch) return parts.length;
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`Tailwind ended with ${code}:\n${said}`);
  return parts.length;
}

const started = Date.now();
await mkdir(dist, { recursive: true });
const [bundles, , icons] = await Promise.all([scripts(), styles(), buildSprite()]);
console.log(`front end: ${bundles} scripts, app.css, ${icons} icons in ${((Date.now() - started) / 1000).toFixed(1)} s`);
