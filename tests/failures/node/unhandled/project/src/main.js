const { readFile } = require("node:fs/promises");
const { path } = require("./slug");

async function main() {
  const pages = JSON.parse(await readFile("pages.json", "utf8"));
  for (const page of pages) console.log(path(page));
}

main();
