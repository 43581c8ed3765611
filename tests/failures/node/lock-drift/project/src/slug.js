function slug(title) {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

function path(page) {
  const first = page.tags?.[0] ?? "untagged";
  return `/${slug(first)}/${slug(page.title)}`;
}

module.exports = { slug, path };
