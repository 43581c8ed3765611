export interface Page {
  title: string;
  tags?: string[];
}

export function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z]+/g, "-")
    .replace(/^-|-$/g, "");
}

export function path(page: Page): string {
  const first = page.tags?.[0] ?? "untagged";
  return `/${first}/${slug(page.title)}`;
}
