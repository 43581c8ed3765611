export interface Page {
  title: string;
  tags?: string[];
}

export function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

export function path(page: Page): string {
  const first = page.tags?.[0] ?? "untagged";
  return `/${slug(first)}/${slug(page.title)}`;
}
