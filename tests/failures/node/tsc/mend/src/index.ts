import { path, type Page } from "./slug.js";

const pages: Page[] = [
  { title: "Hello, World!", tags: ["First steps"] },
  { title: "On Naming" },
];
for (const page of pages) {
  console.log(path(page));
}
