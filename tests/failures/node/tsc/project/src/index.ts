import { path, type Page } from "./slug.js";

const pages: Page[] = [
  { title: "Hello, World!", tags: ["First steps"] },
  { title: 404 },
];
for (const page of pages) {
  console.log(path(page).length.foo, paht(page));
}
